package import LeverCore
import LeverTransport
import NIOCore
import Synchronization

/// Calls that start in the host: the HTTP gateway's, the administration's, an embedding program's. The same pick as for
/// calls that pass through, and then a caller over the event loop's own connection to the instance.
package struct RouterTransport: ReplyMetadataTransport {
    private let loop: NIOLoopBound<LoopRouter>
    private let eventLoop: any EventLoop
    private let caller: Caller

    /// Makes calls for a caller from one event loop.
    package init(_ router: LoopRouter, caller: Caller) {
        loop = NIOLoopBound(router, eventLoop: router.eventLoop)
        eventLoop = router.eventLoop
        self.caller = caller
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await callWithMetadata(context, arguments).reply
    }

    /// Makes a unary call; the metadata names the version that answered, where an instance did.
    package func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
        try await attempt(context) { target, context in
            switch target {
            case .inProcess(let handler):
                return (try await InProcessTransport(handler: handler).call(context, arguments), [])
            case .instance(let instance, let transport, _, _):
                var answer = try await transport.callWithMetadata(context, arguments)
                answer.metadata.removeAll { $0.name == RPCHeader.version }
                answer.metadata.append((RPCHeader.version, String(instance.version)))
                return answer
            }
        }
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try await attempt(context) { target, context in
            switch target {
            case .inProcess(let handler): try await InProcessTransport(handler: handler).open(context, arguments)
            case .instance(_, let transport, _, _): try await transport.open(context, arguments)
            }
        }
    }

    /// Finds a destination and makes the call there; elsewhere again where it certainly was not begun.
    private func attempt<Result>(
        _ context: CallContext, _ body: (Target, CallContext) async throws -> Result
    ) async throws -> Result {
        var context = context
        let environment = context.url.environment ?? caller.environment ?? .default
        context.url.environment = environment
        if let source = caller.environment, source != environment { context.callerEnvironment = source.rawValue }
        var tried: [InstanceID] = []
        while true {
            let target = try await acquire(
                ServiceID(environment: environment, service: context.url.service), leavingOut: tried,
                deadline: context.deadline)
            switch target {
            case .inProcess:
                return try await body(target, context)
            case .instance(let instance, _, let gateway, let limits):
                context.internalGateway = gateway
                if context.deadline == nil, !context.url.method.isChannel { context.deadline = .now + limits.deadline }
                do {
                    let result = try await body(target, context)
                    leave(instance, with: result)
                    return result
                } catch let error as RPCError where error.cause is CallNotBegun {
                    instance.leave(at: .now())
                    tried.append(instance.id)
                    guard tried.count < limits.attempts else { throw error }
                } catch {
                    instance.leave(at: .now())
                    throw error
                }
            }
        }
    }

    private enum Target: Sendable {
        case inProcess(any RPCHandler)
        case instance(InstanceRoute, HTTP2RPCTransport, gateway: String?, Limits)
    }

    private struct Limits: Sendable {
        let attempts: Int
        let deadline: Duration
    }

    /// A reply ends the call's stay in the instance; a channel stays until it is closed.
    private func leave(_ instance: InstanceRoute, with result: Any) {
        if let channel = result as? HTTP2ClientChannel {
            channel.whenClosed { instance.leave(at: .now()) }
        } else {
            instance.leave(at: .now())
        }
    }

    /// Picks a destination, waiting for an instance where none is ready; the instance's gate has been entered.
    private func acquire(
        _ service: ServiceID, leavingOut tried: [InstanceID], deadline: ContinuousClock.Instant?
    ) async throws -> Target {
        let request = AcquireRequest()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let start: @Sendable () -> Void = {
                    let attempt = Acquisition(
                        router: loop.value, service: service, caller: caller, tried: tried, deadline: deadline
                    ) { continuation.resume(with: $0) }
                    request.began(attempt, on: eventLoop)
                    attempt.pick()
                }
                if eventLoop.inEventLoop { start() } else { eventLoop.execute(start) }
            }
        } onCancel: {
            eventLoop.execute { request.cancel(on: eventLoop) }
        }
    }

    /// Connects the task that waits with what happens on the loop. Used on the loop only.
    private final class AcquireRequest: Sendable {
        private let attempt = Mutex<(loop: NIOLoopBound<Acquisition>?, isCancelled: Bool)>((nil, false))

        func began(_ acquisition: Acquisition, on eventLoop: any EventLoop) {
            let bound = NIOLoopBound(acquisition, eventLoop: eventLoop)
            let isCancelled = attempt.withLock { state in
                state.loop = bound
                return state.isCancelled
            }
            if isCancelled { acquisition.cancel() }
        }

        func cancel(on eventLoop: any EventLoop) {
            let bound = attempt.withLock { state in
                state.isCancelled = true
                return state.loop
            }
            bound?.value.cancel()
        }
    }

    /// One search for a destination, on the loop.
    private final class Acquisition: DeadlineEntry {
        private let router: LoopRouter
        private let service: ServiceID
        private let caller: Caller
        private var tried: [InstanceID]
        private let limit: ContinuousClock.Instant?
        private var waiter: WaitingRoom.Waiter?
        private var done: ((Result<Target, any Error>) -> Void)?

        init(
            router: LoopRouter, service: ServiceID, caller: Caller, tried: [InstanceID],
            deadline: ContinuousClock.Instant?, done: @escaping (Result<Target, any Error>) -> Void
        ) {
            self.router = router
            self.service = service
            self.caller = caller
            self.tried = tried
            self.done = done
            limit = deadline
            super.init()
        }

        func pick() {
            guard done != nil else { return }
            do throws(RPCError) {
                let route = try router.snapshot.service(service, for: caller)
                switch router.pick(route, leavingOut: tried) {
                case .inProcess(let handler):
                    finish(.success(.inProcess(handler)))
                case .instance(let instance):
                    let limits = Limits(
                        attempts: router.configuration.attempts, deadline: router.configuration.defaultDeadline)
                    let transport = HTTP2RPCTransport(endpoint: router.endpoint(for: instance))
                    finish(.success(.instance(instance, transport, gateway: route.internalGateway, limits)))
                case .refused(let error):
                    throw error
                case .wait:
                    try wait()
                }
            } catch {
                finish(.failure(error))
            }
        }

        func cancel() {
            finish(.failure(CancellationError()))
        }

        override func deadlinePassed() {
            finish(.failure(RPCError(.deadline, "no instance of \(service) was ready in time")))
        }

        private func wait() throws(RPCError) {
            tried = []
            if slotIsFree {
                let left = limit.map { $0 - .now } ?? router.configuration.defaultDeadline
                router.deadlines.insert(self, at: .now() + TimeAmount(left))
            }
            waiter = try router.waitingRoom.enter(service, on: router.eventLoop) { [self] result in
                waiter = nil
                switch result {
                case .success: pick()
                case .failure(let error): finish(.failure(error))
                }
            }
        }

        private var slotIsFree: Bool { deadline == .distantFuture }

        private func finish(_ result: Result<Target, any Error>) {
            guard let done else {
                if case .success(.instance(let instance, _, _, _)) = result { instance.leave(at: .now()) }
                return
            }
            self.done = nil
            router.deadlines.remove(self)
            if let waiter { router.waitingRoom.leave(waiter) }
            waiter = nil
            done(result)
        }
    }
}
