import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An instance that is a process, and whatever that starts.
///
/// Its first process is reaped last, when nothing else of the instance is left: until then its number is taken, and signals
/// to its process group cannot reach anybody else.
final class ProcessInstance: DriverInstance {
    /// What it needs of its driver.
    struct Surroundings: Sendable {
        var run: String
        var loop: DescriptorLoop
        /// Has ``step(_:)`` called until nothing of the instance is left.
        var sweep: @Sendable (ProcessInstance) -> Void
        /// Says that it listens on its unix socket (`true`) or on the port.
        var listened: @Sendable (ProcessInstance, Bool) -> Void
        /// Says that nothing of it is left.
        var ended: @Sendable (ProcessInstance) -> Void
    }

    /// The facts of its start.
    struct Start: Sendable {
        var specification: InstanceSpecification
        /// Counted by the driver; names its files.
        var number: Int
        var pid: pid_t
        var socketPath: String
        /// What it writes comes out here.
        var output: Int32
        /// Its memory group.
        var cgroup: String?
    }

    enum Phase {
        case running
        /// The first process has ended; others may be left.
        case ending(ProcessSignals.InstanceEnd)
        case ended(InstanceExit)
    }

    struct State {
        var phase = Phase.running
        var address: Result<InstanceAddress, RuntimeError>?
        var listeners: [Int: CheckedContinuation<InstanceAddress, any Error>] = [:]
        var nextListener = 0
        var waiters: [CheckedContinuation<InstanceExit, Never>] = []
        /// From when on what is left is killed.
        var killTime: ContinuousClock.Instant?
        var output: Int32
        var probeDelay: Duration = .milliseconds(1)
        /// Listeners on the port that are not this instance's.
        var foreignListeners: Set<UInt64> = []
    }

    let start: Start
    let surroundings: Surroundings
    let state: Mutex<State>
    let output: OutputLog

    var id: InstanceID { start.specification.id }

    init(_ start: Start, _ surroundings: Surroundings, configuration: ProcessDriver.Configuration) {
        self.start = start
        self.surroundings = surroundings
        state = Mutex(State(output: start.output))
        output = OutputLog(capacity: configuration.outputLines, lineLength: configuration.outputLineLength)
    }

    /// Begins to watch the process.
    func begin() {
        Descriptor.setNonBlocking(start.output)
        surroundings.loop.watch(start.output) { [self] in readOutput() }
        let descriptor = ProcessSignals.processDescriptor(start.pid)
        if descriptor >= 0 {
            surroundings.loop.watch(descriptor) { [self] in
                close(descriptor)
                leaderMayHaveEnded()
                return false
            }
        } else {
            leaderMayHaveEnded()
        }
        scheduleProbe()
    }

    // MARK: DriverInstance

    func listening() async throws -> InstanceAddress {
        let key = state.withLock { state in
            state.nextListener += 1
            return state.nextListener
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<InstanceAddress, any Error>? = state.withLock { state in
                    if let address = state.address { return address.mapError { $0 } }
                    // The handler below runs either before this, and is seen here, or after it, and finds the continuation.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.listeners[key] = continuation
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            state.withLock { $0.listeners.removeValue(forKey: key) }?.resume(throwing: CancellationError())
        }
    }

    func exit() async -> InstanceExit {
        await withCheckedContinuation { continuation in
            let exit: InstanceExit? = state.withLock { state in
                if case .ended(let exit) = state.phase { return exit }
                state.waiters.append(continuation)
                return nil
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    func processorTime() -> Duration? {
        let table = ProcessTable.read()
        let others = table.others(ofInstance: id.rawValue, run: surroundings.run, leader: start.pid)
        let all = others + table.processes.filter { $0.pid == start.pid }
        return all.compactMap(\.processorTime).reduce(nil) { ($0 ?? .zero) + $1 }
    }

    func terminate(grace: Duration) {
        let time = ContinuousClock.now + grace
        state.withLock { state in
            if case .ended = state.phase { return }
            state.killTime = min(state.killTime ?? time, time)
            if grace > .zero { ProcessSignals.send(SIGTERM, toGroup: start.pid) }
        }
        if grace <= .zero {
            killIfDue()
        } else {
            surroundings.loop.schedule(after: grace) { [weak self] in self?.killIfDue() }
        }
    }

    // MARK: Output

    /// Takes what there is, at most so much that other instances have their turn.
    private func readOutput() -> Bool {
        state.withLock { state in
            guard state.output >= 0 else { return false }
            var isOpen = true
            withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
                let count = read(state.output, buffer.baseAddress, buffer.count)
                if count > 0 {
                    output.append(
                        UnsafeRawBufferPointer(rebasing: buffer[..<count]), at: CatalogRules.secondsSince1970())
                } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
                    isOpen = false
                }
            }
            guard !isOpen else { return true }
            close(state.output)
            state.output = -1
            return false
        }
    }

    // MARK: The end

    private func leaderMayHaveEnded() {
        guard let end = ProcessSignals.end(of: start.pid, reap: false) else {
            surroundings.loop.schedule(after: .milliseconds(10)) { [weak self] in self?.leaderMayHaveEnded() }
            return
        }
        state.withLock { state in
            state.phase = .ending(end)
            // When the instance was asked to end, what is left of it has the rest of the time: the entry may be a script
            // that ends at once while the server that it started finishes its calls.
            if state.killTime == nil { state.killTime = .now }
        }
        surroundings.sweep(self)
    }

    private func killIfDue() {
        state.withLock { state in
            if case .ended = state.phase { return }
            guard let time = state.killTime, time <= .now else { return }
            ProcessSignals.send(SIGKILL, toGroup: start.pid)
        }
    }

    /// Looks at what is left after the first process; kills it when its time is over.
    ///
    /// - Returns: whether nothing is left, and the instance has ended.
    func step(_ table: ProcessTable) -> Bool {
        let others = table.others(ofInstance: id.rawValue, run: surroundings.run, leader: start.pid)
        let isDue = state.withLock { state in state.killTime.map { $0 <= .now } ?? false }
        if !others.isEmpty {
            if isDue {
                ProcessSignals.send(SIGKILL, toGroup: start.pid)
                for process in others { ProcessSignals.kill(process) }
            }
            return false
        }
        finish()
        return true
    }

    private func finish() {
        // Bounded: a pipe holds no more, and a process of somebody else's may have been given the other end.
        for _ in 0..<64 where hasMoreOutput() { _ = readOutput() }
        let ranOutOfMemory = start.cgroup.map(MemoryCgroup.ranOutOfMemory) ?? false
        unlink(start.socketPath)

        let (exit, waiters) = state.withLock { state in
            // Where it was closed at its end, the number may be another instance's by now, whose watch must stay.
            if state.output >= 0 {
                surroundings.loop.unwatch(state.output)
                close(state.output)
                state.output = -1
            }
            let exit: InstanceExit
            switch state.phase {
            case .running, .ended: exit = .unknown("it has ended")
            case .ending(.code(let code)): exit = .code(code)
            case .ending(.signal(let signal)): exit = ranOutOfMemory ? .outOfMemory : .signal(signal)
            case .ending(.unknown): exit = .unknown("it has ended, and another part of the host took the reason")
            }
            ProcessSignals.send(SIGKILL, toGroup: start.pid)
            _ = ProcessSignals.end(of: start.pid, reap: true)
            state.phase = .ended(exit)
            defer { state.waiters = [] }
            return (exit, state.waiters)
        }
        output.end()
        if let cgroup = start.cgroup { MemoryCgroup.remove(cgroup) }
        resolve(.failure(endedBeforeListening(exit)))
        surroundings.ended(self)
        for waiter in waiters { waiter.resume(returning: exit) }
    }

    private func hasMoreOutput() -> Bool {
        let descriptor = state.withLock { $0.output }
        guard descriptor >= 0 else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLIN) != 0
    }
}
