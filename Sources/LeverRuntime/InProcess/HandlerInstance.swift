import LeverCore
import LeverTransport
import Synchronization

/// The one instance of a service that the program around the host has registered: its handler, and who is in it.
///
/// Code of this process cannot be killed. So the instance has ended only once every handler has returned, and a resource is given
/// up only once its handlers have; who waits for that is the host, which calls go on without. Only the end of the host itself
/// does not wait for ever.
final class HandlerInstance: DriverInstance, RPCHandler {
    private struct State {
        var running = 0
        /// Handlers of calls that name a resource.
        var byResource: [String: Int] = [:]
        /// Calls of `CloseResource` that wait for the handlers of their resource.
        var closing: [String: [CheckedContinuation<Void, Never>]] = [:]
        var isEnding = false
        /// Whether the time for the handlers is over.
        var isLate = false
        var mayLeaveHandlers = false
        var exit: InstanceExit?
        var waiting: [CheckedContinuation<InstanceExit, Never>] = []
    }

    let id: InstanceID
    let output = OutputLog()
    private let service: ServiceID
    private let handler: any RPCHandler
    private let state = Mutex(State())

    init(_ specification: InstanceSpecification, _ handler: any RPCHandler) {
        id = specification.id
        service = specification.service
        self.handler = handler
    }

    // MARK: Calls

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let resource = context.url.resource
        try enter(resource)
        defer { leave(resource) }
        if context.url.method == .closeResource { await waitForHandlers(of: arguments) }
        do {
            return try await handler.call(context, arguments)
        } catch let error as RPCError {
            throw Self.passedOn(error)
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        let resource = context.url.resource
        try enter(resource)
        defer { leave(resource) }
        do {
            try await handler.open(context, arguments, channel)
        } catch let error as RPCError {
            throw Self.passedOn(error)
        }
    }

    /// A status that the handler set is the service's own. What it says of a call that the handler made (that it did not
    /// begin) is not about this one.
    private static func passedOn(_ error: RPCError) -> RPCError {
        var error = error
        if error.reason == nil { error.origin = .instance }
        error.cause = error.cause.map { Passed(cause: $0) }
        return error
    }

    private struct Passed: Error {
        let cause: any Error
    }

    private func enter(_ resource: String) throws {
        try state.withLock { state in
            guard !state.isEnding else {
                throw RPCError(.startFailed, "instance \(id) of \(service) has ended")
            }
            state.running += 1
            if !resource.isEmpty { state.byResource[resource, default: 0] += 1 }
        }
    }

    private func leave(_ resource: String) {
        let (closing, ended) = state.withLock { state in
            state.running -= 1
            var closing: [CheckedContinuation<Void, Never>] = []
            if !resource.isEmpty {
                let left = state.byResource[resource, default: 1] - 1
                state.byResource[resource] = left > 0 ? left : nil
                if left == 0 { closing = state.closing.removeValue(forKey: resource) ?? [] }
            }
            return (closing, Self.end(&state))
        }
        for continuation in closing { continuation.resume() }
        resume(ended)
    }

    /// Waits for the handlers of the resource that is to be closed, however long they take: its hook runs after them, though
    /// whoever asked for it may have given up by then.
    private func waitForHandlers(of arguments: RPCArguments) async {
        guard case .values(let values) = arguments, let resource = values.first?.stringValue else { return }
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.byResource[resource] != nil else { return true }
                state.closing[resource, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    // MARK: The instance

    /// It listens nowhere: calls come straight to it.
    func listening() async throws -> InstanceAddress {
        throw RuntimeError(.driver, "instance \(id) of \(service) is in this process and has no address")
    }

    var hasEnded: Bool { state.withLock { $0.exit != nil } }

    func exit() async -> InstanceExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    func terminate(grace: Duration) {
        resume(
            state.withLock { state in
                state.isEnding = true
                if grace == .zero { state.isLate = true }
                return Self.end(&state)
            })
        guard grace > .zero else { return }
        // Outlives nothing: it ends with its time.
        Task { [self] in
            try? await Task.sleep(for: grace)
            terminate(grace: .zero)
        }
    }

    /// The host ends: handlers that do not return in their time are left behind.
    func hostEnds() {
        resume(
            state.withLock { state in
                state.mayLeaveHandlers = true
                return Self.end(&state)
            })
    }

    private typealias Ended = (exit: InstanceExit, waiting: [CheckedContinuation<InstanceExit, Never>])

    private static func end(_ state: inout State) -> Ended? {
        guard state.isEnding, state.exit == nil else { return nil }
        guard state.running == 0 || state.isLate && state.mayLeaveHandlers else { return nil }
        let exit: InstanceExit =
            state.running == 0 ? .code(0) : .unknown("it was left behind with \(state.running) running handlers")
        state.exit = exit
        defer { state.waiting = [] }
        return (exit, state.waiting)
    }

    private func resume(_ ended: Ended?) {
        guard let ended else { return }
        output.end()
        for continuation in ended.waiting { continuation.resume(returning: ended.exit) }
    }
}
