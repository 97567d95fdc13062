import Dispatch
public import LeverCore
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// An instance of an ``InProcessDriver``, which tests can make fail.
public final class InProcessInstance: DriverInstance {
    private struct State {
        var exit: InstanceExit?
        var waiting: [CheckedContinuation<InstanceExit, Never>] = []
        var ending: Task<Void, Never>?
        var isEnding = false
        /// Signalled to let a frozen thread go on.
        var frozen: DispatchSemaphore?
    }

    /// Its id.
    public var id: InstanceID { specification.id }
    /// What it was started as.
    public let specification: InstanceSpecification
    /// What it writes; nothing but what tests append.
    public let output = OutputLog()

    private let socket: String
    private let door: Door
    /// Its own, so that one can be frozen without the others.
    private let thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let server: Mutex<RPCServer?> = Mutex(nil)
    private let state = Mutex(State())

    private init(_ specification: InstanceSpecification, _ handler: any RPCHandler, _ socket: String) {
        self.specification = specification
        self.socket = socket
        door = Door(handler)
    }

    static func start(
        _ specification: InstanceSpecification, _ handler: any RPCHandler, socket: String, logger: Logger
    ) async throws -> InProcessInstance {
        let instance = InProcessInstance(specification, handler, socket)
        do {
            // A handler may outlive the thread.
            var configuration = RPCServerConfiguration()
            configuration.grpc.handlersRunOnGlobalExecutor = true
            let server = try await RPCServer.start(
                on: .unix(path: socket), handler: instance.door, group: instance.thread, configuration: configuration,
                logger: logger)
            instance.server.withLock { $0 = server }
        } catch {
            try? await instance.thread.shutdownGracefully()
            throw RuntimeError(.driver, "instance \(specification.id) cannot listen on \(socket)", cause: error)
        }
        return instance
    }

    /// Whether it has ended.
    public var hasEnded: Bool { state.withLock { $0.exit != nil } }

    // MARK: What a driver's instance does

    /// Where it listens.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` where it has ended.
    public func listening() async throws -> InstanceAddress {
        try Task.checkCancellation()
        if let exit = state.withLock({ $0.exit }) {
            throw RuntimeError(.driver, "instance \(id) of \(specification.service) listens nowhere: \(exit)")
        }
        return InstanceAddress(.unix(path: socket))
    }

    /// Waits for its end.
    public func exit() async -> InstanceExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiting.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Takes no more calls, gives those in progress their time, and ends: with code 0, or as if killed where some are left.
    public func terminate(grace: Duration) {
        guard grace > .zero else { return crash() }
        let begins = state.withLock { state in
            defer { state.isEnding = true }
            return !state.isEnding
        }
        guard begins else { return }
        let task = Task { [self] in
            let whole = await drain(within: grace)
            await end(whole ? .code(0) : .signal(9))
        }
        state.withLock { $0.ending = task }
    }

    /// Whether all calls have ended in their time.
    private func drain(within grace: Duration) async -> Bool {
        guard let server = server.withLock({ $0 }) else { return false }
        let end = ContinuousClock.now + grace
        await server.drain(within: grace)
        return door.calls == 0 && ContinuousClock.now < end && !Task.isCancelled
    }

    // MARK: Faults

    /// Ends it at once, as a defect or SIGKILL does: its connections break, its handlers are cancelled and not heard any more.
    public func crash(_ exit: InstanceExit = .signal(9)) {
        let ending = state.withLock { state in
            state.isEnding = true
            return state.ending
        }
        door.close()
        Task { [self] in
            await end(exit)
            // Where it was draining, that is over, too.
            ending?.cancel()
        }
    }

    /// Stops it, as SIGSTOP does: it neither takes nor answers anything, pings included, until ``thaw()`` or its end.
    public func freeze() {
        let semaphore: DispatchSemaphore? = state.withLock { state in
            guard state.frozen == nil, state.exit == nil else { return nil }
            let semaphore = DispatchSemaphore(value: 0)
            state.frozen = semaphore
            return semaphore
        }
        if let semaphore { thread.next().execute { semaphore.wait() } }
    }

    /// Lets it go on.
    public func thaw() {
        state.withLock { state in
            defer { state.frozen = nil }
            return state.frozen
        }?.signal()
    }

    private func end(_ exit: InstanceExit) async {
        door.close()
        thaw()
        let server = server.withLock { server in
            defer { server = nil }
            return server
        }
        // Whoever has the server ends the instance.
        guard let server else { return }
        await server.abort()
        let waiting = state.withLock { state in
            state.exit = exit
            defer { state.waiting = [] }
            return state.waiting
        }
        output.end()
        for continuation in waiting { continuation.resume(returning: exit) }
        await endThread()
    }

    /// Ends the thread once nothing of the handlers can come to it any more.
    private func endThread() async {
        while door.calls > 0 { try? await Task.sleep(for: .milliseconds(100)) }
        // The last one may just be on its way out.
        try? await Task.sleep(for: .seconds(1))
        try? await thread.shutdownGracefully()
    }
}

/// Where the calls of an instance come in: counts them, and shuts behind its end.
private final class Door: RPCHandler {
    private let handler: any RPCHandler
    private let running = Atomic(0)
    private let isClosed = Atomic(false)

    init(_ handler: any RPCHandler) {
        self.handler = handler
    }

    var calls: Int { running.load(ordering: .acquiring) }

    func close() { isClosed.store(true, ordering: .releasing) }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await pass { try await handler.call(context, arguments) }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        try await pass { try await handler.open(context, arguments, channel) }
    }

    private func pass<Value>(_ body: () async throws -> Value) async throws -> Value {
        // The dead do not answer: the connection breaks in a moment, which cancels this.
        while isClosed.load(ordering: .acquiring) { try await Task.sleep(for: .seconds(1)) }
        running.add(1, ordering: .acquiringAndReleasing)
        defer { running.subtract(1, ordering: .acquiringAndReleasing) }
        return try await body()
    }
}
