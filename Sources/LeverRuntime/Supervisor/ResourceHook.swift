import LeverCore
import LeverRouter
import LeverTransport

/// A method by which an instance is told that a resource comes to it or leaves it.
enum ResourceHook {
    case newResource
    case closeResource

    /// How long a call that did not reach its instance waits before it is made again.
    static let pause = Duration.milliseconds(200)

    /// What came of it.
    enum Answer: Sendable {
        /// It succeeded, or the service has no such hook.
        case done
        /// The instance answered with an error.
        case failed(RPCError)
        /// It never reached the instance.
        case notBegun(RPCError)
        /// Nobody knows what the instance made of it.
        case unanswered(how: String)
    }

    /// Calls the hook on an instance.
    func send(
        _ resource: ResourceID, _ epoch: Epoch, term: UInt32, to instance: InstanceRoute, of service: ServiceID,
        within timeout: Duration, over router: Router
    ) async -> Answer {
        let method: MethodName =
            switch self {
            case .newResource: .newResource
            case .closeResource: .closeResource
            }
        var context = CallContext(
            url: LeverURL(environment: service.environment, service: service.service, method: method))
        // The host's own clock decides when it took too long: an answer that the instance gives because of its deadline would
        // not say what its handlers still do.
        context.deadline = .now + timeout + .seconds(5)
        context.epoch = epoch.rawValue
        context.hostTerm = term
        do {
            switch try await router.call(instance, context, .values([.string(resource.rawValue)])) {
            case .error(let value): return .failed(RPCError(.resourceUnavailable, Self.text(value)))
            case .errorBytes: return .failed(RPCError(.resourceUnavailable, "the method's error is bytes"))
            default: return .done
            }
        } catch let error as RPCError {
            return answer(error)
        } catch {
            return .unanswered(how: "\(error)")
        }
    }

    private func answer(_ error: RPCError) -> Answer {
        switch error.cause {
        case is CallNotBegun: return .notBegun(error)
        case is CallUnanswered: return .unanswered(how: error.message)
        default: break
        }
        switch error.code {
        // The instance has given up waiting, which says nothing about its handlers.
        case .deadlineExceeded, .cancelled, .unavailable, .resourceExhausted: return .unanswered(how: error.message)
        default: break
        }
        // Services of the old library know no other way to say that they have no such method.
        let hasNoHook =
            error.code == .unimplemented || error.code == .unknown && error.message.contains("Method not found")
        return hasNoHook ? .done : .failed(error)
    }

    private static func text(_ value: LeverValue) -> String {
        value.stringValue ?? value.json()
    }
}
