internal import LeverCore
internal import LeverService
internal import Synchronization

/// An actor on this instance, as callers on the same instance see it. The host does not see their calls, so they are counted
/// here, and the actor is given up only after the last of them has returned.
final class Activation: Sendable {
    typealias Method = @Sendable (CallContext, RPCArguments) async throws -> RPCReply

    private enum Phase: Sendable {
        /// Its hook runs: only what the hook itself calls comes in.
        case opening
        case open
        /// Only what its calls in progress call comes in, which would wait for each other otherwise. Others go through the router,
        /// and wait there until the actor is elsewhere.
        case closing
        case closed
    }

    private struct State: Sendable {
        var phase = Phase.opening
        var calls: Set<LocalCall> = []
        var waiting: CheckedContinuation<Void, Never>?
    }

    let id: LeverActorSystem.ActorID
    let epoch: UInt64
    private let method: @Sendable (MethodName) throws -> Method
    /// The call by which the actor came, for what it says of the host.
    private let origin: CallContext?
    private let state = Mutex(State())

    /// - Parameter method: Finds a method of the actor; throws where it has none of the name.
    init(
        _ id: LeverActorSystem.ActorID, epoch: UInt64, origin: CallContext?,
        method: @escaping @Sendable (MethodName) throws -> Method
    ) {
        self.id = id
        self.epoch = epoch
        self.origin = origin
        self.method = method
    }

    // MARK: Calls

    /// Lets a call of the running task in; `nil` where it has to go through the router.
    func enter() -> LocalCall? {
        let parent = LocalCall.current
        return state.withLock { state in
            switch state.phase {
            case .open: break
            case .opening, .closing: guard Self.isWithin(state.calls, parent) else { return nil }
            case .closed: return nil
            }
            let call = LocalCall(self, parent: parent)
            state.calls.insert(call)
            return call
        }
    }

    /// Makes a call that was let in.
    ///
    /// - Throws: `RPCError` and `CancellationError`, as for a call that leaves the instance; a method's own error is returned.
    func call(
        _ url: LeverURL, _ arguments: RPCArguments, _ call: LocalCall, maximumDepth: Int
    ) async throws -> RPCReply {
        defer { leave(call) }
        let context = context(of: url)
        guard context.depth <= maximumDepth else {
            throw RPCError(.tooDeep, "the call is nested \(context.depth) deep; the limit is \(maximumDepth)")
        }
        do {
            let method = try method(url.method)
            return try await LocalCall.$current.withValue(call) {
                try await CallContext.$current.withValue(context) { try await method(context, arguments) }
            }
        } catch {
            switch MethodFailure(error) {
            case .own(.value(let value)): return .error(value)
            case .own(.bytes(let bytes)): return .errorBytes(bytes)
            case .status(let status): throw Task.isCancelled && status.code == .cancelled ? CancellationError() : status
            }
        }
    }

    private func context(of url: LeverURL) -> CallContext {
        var url = url
        url.environment = id.environment
        var context = CallContext.current?.nested(url) ?? CallContext(url: url)
        context.epoch = epoch
        context.internalGateway = CallContext.current?.internalGateway ?? origin?.internalGateway
        context.scope = origin?.scope
        return context
    }

    private func leave(_ call: LocalCall) {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.calls.remove(call)
            guard state.calls.isEmpty, let waiting = state.waiting else { return nil }
            state.waiting = nil
            return waiting
        }?.resume()
    }

    /// Whether what runs was started by one of the calls.
    private static func isWithin(_ calls: Set<LocalCall>, _ call: LocalCall?) -> Bool {
        var next = call
        while let call = next {
            if calls.contains(call) { return true }
            next = call.parent
        }
        return false
    }

    // MARK: Life

    /// Runs the hook of an actor that came, and then lets calls in.
    ///
    /// - Throws: what the hook throws.
    func open(_ hook: () async throws -> Void) async throws {
        let call = LocalCall(self, parent: LocalCall.current)
        state.withLock { _ = $0.calls.insert(call) }
        defer { leave(call) }
        try await LocalCall.$current.withValue(call) { try await hook() }
        state.withLock { $0.phase = .open }
    }

    /// Lets no more calls in, waits for those in progress, then runs the hook.
    ///
    /// - Parameter waits: Whether to wait; a program that is about to end does not.
    /// - Throws: `CancellationError` where the task is cancelled while it waits. The actor is not given up then.
    func close(waits: Bool, _ hook: () async -> Void) async throws {
        state.withLock { $0.phase = .closing }
        if waits { try await waitForCalls() }
        let call = LocalCall(self, parent: LocalCall.current)
        state.withLock { _ = $0.calls.insert(call) }
        await LocalCall.$current.withValue(call) { await hook() }
        state.withLock { state in
            state.calls.remove(call)
            state.phase = .closed
        }
    }

    private func waitForCalls() async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !state.calls.isEmpty, !Task.isCancelled else { return true }
                    state.waiting = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.waiting = nil }
                return state.waiting
            }?.resume()
        }
        guard state.withLock({ $0.calls.isEmpty }) else { throw CancellationError() }
    }
}
