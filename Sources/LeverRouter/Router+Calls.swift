package import LeverCore
import HashTreeCollections
import LeverTransport
import NIOCore
import Synchronization

// What concerns the calls of all event loops.
extension Router {
    /// Ends the calls and channels inside an instance, on all loops: their callers get the error, the instance sees them
    /// cancelled. Returns at once; the gate tells when they are out.
    package func end(_ kind: CallKind, of instance: InstanceRoute, with error: RPCError) {
        for bound in loops.values { bound.execute { $0.end(kind, of: instance, nil, with: error) } }
    }

    /// Ends the calls and channels inside an activation, as ``end(_:of:with:)-(_,InstanceRoute,_)`` does.
    package func end(_ kind: CallKind, of activation: ActivationRoute, with error: RPCError) {
        for bound in loops.values { bound.execute { $0.end(kind, of: activation.instance, activation, with: error) } }
    }

    /// How much was asked of a service since this was last called for it, on all loops together.
    package func takeLoad(of service: ServiceID) async -> ServiceLoad {
        await withTaskGroup(of: LoadCounter.Taken?.self) { group in
            for bound in loops.values {
                group.addTask { try? await bound.eventLoop.submit { bound.router.value.takeLoad(of: service) }.get() }
            }
            var parts: [LoadCounter.Taken] = []
            for await part in group { if let part { parts.append(part) } }
            return ServiceLoad(merging: parts)
        }
    }

    /// Makes a unary call straight to an instance, without entering a gate and without another attempt: `NewResource` and
    /// `CloseResource`.
    ///
    /// - Throws: `RPCError`. Its cause tells what the instance knows: `CallNotBegun`, the call certainly did not reach it;
    ///   `CallUnanswered`, the call was lost, reset, or not answered in time; any other or none, the instance has
    ///   answered with this status. `CancellationError` when the task was cancelled.
    package func call(
        _ instance: InstanceRoute, _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> RPCReply {
        var context = context
        if context.internalGateway == nil {
            context.internalGateway = instance.internalGateway ?? snapshot.services[instance.service]?.internalGateway
        }
        if case .inProcess(let handler) = instance.place {
            return try await InProcessTransport(handler: handler).call(context, arguments)
        }
        let bound = loops.randomElement()!.value
        let start = CallStart()
        do {
            let transport = try await bound.eventLoop.submit {
                // What is connected to now would never be closed again.
                guard !instance.isGone else { throw RPCError(.unreachable, "instance \(instance.id) has ended") }
                guard let endpoint = bound.router.value.endpoint(for: instance) else {
                    throw RPCError(.defect, "instance \(instance.id) has no address")
                }
                return HTTP2RPCTransport(endpoint: endpoint, observer: start)
            }.get()
            return try await transport.call(context, arguments)
        } catch var error as RPCError where error.cause == nil && !start.hasBegun {
            // It cannot be sent at all, or its deadline has passed already.
            error.cause = CallNotBegun()
            throw error
        }
    }

    /// Notes whether a call was handed to a connection.
    private final class CallStart: RPCCallObserver {
        private let begun = Atomic(false)

        var hasBegun: Bool { begun.load(ordering: .acquiring) }

        func callBegan(_ call: any EndableCall) { begun.store(true, ordering: .releasing) }

        func callEnded(mayRepeat: Bool) {}
    }

    /// Asks all loops but one whether a call with this `lever-call-id` is inside an activation; `found` is called on that one,
    /// once, if it is.
    func ask(
        whoHolds callID: String, in activation: ActivationRoute, for eventLoop: any EventLoop,
        found: @escaping @Sendable () -> Void
    ) {
        for bound in loops.values where bound.eventLoop !== eventLoop {
            bound.execute { router in
                if router.holds(callID, in: activation) { eventLoop.execute(found) }
            }
        }
    }
}
