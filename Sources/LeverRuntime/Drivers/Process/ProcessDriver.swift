public import LeverCore
public import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Starts instances as local processes of this user, in the directory of their code.
///
/// There is no isolation between them; that is what containers are for. No instance outlives the host: see `Reaper` for a host
/// that is killed, and ``prepare()`` for a machine on which even that was killed.
public final class ProcessDriver: ContainerDriver {
    private struct Parts {
        var loop: DescriptorLoop
        var reaper: Reaper
        var directory: RuntimeDirectory
        var watch: Int32
        var memory: MemoryCgroup?
    }

    private enum Phase {
        case created
        case prepared(Parts)
        case stopped
    }

    private struct State {
        var phase = Phase.created
        var count = 0
        var instances: [Int: ProcessInstance] = [:]
        /// Those whose first process has ended, while others may be left.
        var ending: [ProcessInstance] = []
        /// By service: the version last seen to listen, and whether on its unix socket.
        var listeners: [ServiceID: (version: Int, usesSocket: Bool)] = [:]
    }

    /// `process`.
    public let name = "process"
    private let configuration: Configuration
    private let logger: Logger
    /// `LEVEROS_RUN_ID`: names the data directory, then the run.
    let run: String
    private let runPrefix: String
    private let state = Mutex(State())

    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
    public init(
        configuration: Configuration = .defaults, logger: Logger = Logger(label: "lever.driver.process")
    ) throws {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        runPrefix = RunName.prefix(dataDirectory: configuration.dataDirectory)
        run = runPrefix + RunName.random()
    }

    /// The process that ends the instances when the host is killed; for tests.
    var reaperPID: pid_t? {
        state.withLock { state in if case .prepared(let parts) = state.phase { parts.reaper.pid } else { nil } }
    }

    // MARK: Life cycle

    /// Ends what an earlier run left, then starts the reaper.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    public func prepare() async throws {
        let isFirst = state.withLock { state in if case .created = state.phase { true } else { false } }
        guard isFirst else { throw RuntimeError(.driver, "the process driver has been prepared already") }
        try await endLeftovers()
        let directory = try RuntimeDirectory(
            configuration.runtimeDirectory, temporary: configuration.environment["TMPDIR"],
            owner: String(runPrefix.dropLast()))
        let loop = try DescriptorLoop()
        let reaper = Reaper(run: run, directory: directory.path, removesDirectory: directory.isOwn, loop: loop)
        do {
            try reaper.start()
        } catch {
            loop.stop()
            directory.remove()
            throw error
        }
        let watch = directory.watch()
        let parts = Parts(loop: loop, reaper: reaper, directory: directory, watch: watch, memory: prepareMemory())
        state.withLock { $0.phase = .prepared(parts) }
        if watch >= 0 {
            loop.watch(watch) { [weak self] in
                var buffer = [UInt8](repeating: 0, count: 4096)
                while read(watch, &buffer, buffer.count) > 0 {}
                let instances = self?.state.withLock { Array($0.instances.values) } ?? []
                for instance in instances { instance.socketMayHaveAppeared() }
                return true
            }
        }
    }

    /// True for a command, unless this version of the service was seen to listen on its unix socket.
    public func mayNeedPort(_ specification: InstanceSpecification) -> Bool {
        guard case .command = specification.manifest.entry else { return false }
        return state.withLock { state in
            guard let seen = state.listeners[specification.service], seen.version == specification.version else {
                return true
            }
            return !seen.usesSocket
        }
    }

    /// Says what only containers can do.
    public func warnings(about manifest: Manifest) -> [String] {
        var fields: [String] = []
        if manifest.image != nil { fields.append("\"image\"") }
        if manifest.cpus != nil { fields.append("\"cpus\"") }
        if !manifest.internet { fields.append("\"internet\": false") }
        if manifest.spares > 0 { fields.append("\"spares\"") }
        return fields.map {
            "lever.json: \($0) has no effect: this host runs instances as processes, not in containers"
        }
    }

    /// Starts the entry as the leader of a session of its own.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` and a text for the service's developer, or
    ///   `RuntimeError.Code.stopped` after ``shutdown()``.
    public func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let (parts, number) = try state.withLock { state in
            switch state.phase {
            case .created: throw RuntimeError(.driver, "the process driver has not been prepared")
            case .stopped: throw RuntimeError(.stopped, "the process driver has been shut down")
            case .prepared(let parts):
                state.count += 1
                return (parts, state.count)
            }
        }
        let socketPath = parts.directory.socketPath(number)
        let command = try ProcessCommand(
            specification, run: run, socketPath: socketPath, configuration: configuration)
        guard access(specification.codeDirectory, X_OK) == 0 else {
            throw RuntimeError(
                .driver, "the code directory '\(specification.codeDirectory)' of \(specification.service) is not there")
        }
        unlink(socketPath)
        let pipe = try Descriptor.pipe()
        defer { close(pipe.writer) }
        var cgroup: String?
        do {
            if let memory = parts.memory {
                cgroup = memory.make(number, ram: specification.manifest.ram)
                guard cgroup != nil else {
                    throw RuntimeError(
                        .driver,
                        "the memory of an instance of \(specification.service) could not be limited to "
                            + "\(specification.manifest.ram) MB: \(Descriptor.message())")
                }
            }
            let pid = try spawn(command, number, specification, pipe.writer, cgroup, parts.reaper)
            return try register(
                ProcessInstance.Start(
                    specification: specification, number: number, pid: pid, socketPath: socketPath,
                    output: pipe.reader, cgroup: cgroup), parts)
        } catch {
            parts.reaper.didEnd(number)
            if !(error is AlreadyRegistered) { close(pipe.reader) }
            if let cgroup { MemoryCgroup.remove(cgroup) }
            throw error is AlreadyRegistered
                ? RuntimeError(.stopped, "the process driver has been shut down") : error
        }
    }

    /// Kills all instances and waits until they are gone, at most for ``Configuration/killTimeout``.
    public func shutdown() async {
        let (parts, instances): (Parts?, [ProcessInstance]) = state.withLock { state in
            defer { state.phase = .stopped }
            guard case .prepared(let parts) = state.phase else { return (nil, []) }
            return (parts, Array(state.instances.values))
        }
        guard let parts else { return }
        for instance in instances { instance.terminate(grace: .zero) }
        let areGone = await waitUntil { self.state.withLock { $0.instances.isEmpty } }
        if areGone {
            parts.reaper.stop()
            _ = await waitUntil { ProcessSignals.end(of: parts.reaper.pid, reap: true) != nil }
        } else {
            // The reaper stays, and goes on with what could not be ended.
            logger.error("instances could not be ended", metadata: ["lever.driver": "process"])
        }
        if parts.watch >= 0 {
            parts.loop.unwatch(parts.watch)
            close(parts.watch)
        }
        parts.loop.stop()
        parts.directory.remove()
        parts.memory?.remove()
    }

    // MARK: Parts of it

    /// The error of ``register(_:_:)`` after which the instance itself closes what belongs to it.
    private struct AlreadyRegistered: Error {}

    private func spawn(
        _ command: ProcessCommand, _ number: Int, _ specification: InstanceSpecification, _ output: Int32,
        _ cgroup: String?, _ reaper: Reaper
    ) throws -> pid_t {
        let entering = cgroup.map { MemoryCgroup.entering($0, command) } ?? command
        try reaper.willStart(number)
        let spawn = ProcessSpawn(
            path: entering.path, arguments: entering.arguments, environment: entering.environment,
            directory: specification.codeDirectory, output: output)
        switch spawn.start() {
        case .failure(let error):
            throw command.startError(error.number, service: specification.service)
        case .success(let pid):
            reaper.didStart(number, pid: pid, startTime: ProcessTable.status(of: pid)?.startTime ?? 0)
            return pid
        }
    }

    private func register(_ start: ProcessInstance.Start, _ parts: Parts) throws -> ProcessInstance {
        let surroundings = ProcessInstance.Surroundings(
            run: run, loop: parts.loop,
            sweep: { [self] in sweep($0, parts.loop) },
            listened: { [weak self] instance, usesSocket in
                let specification = instance.start.specification
                self?.state.withLock { $0.listeners[specification.service] = (specification.version, usesSocket) }
            },
            ended: { [self] instance in
                parts.reaper.didEnd(instance.start.number)
                _ = state.withLock { $0.instances.removeValue(forKey: instance.start.number) }
            })
        let instance = ProcessInstance(start, surroundings, configuration: configuration)
        let isStopped = state.withLock { state in
            state.instances[start.number] = instance
            if case .stopped = state.phase { return true } else { return false }
        }
        instance.begin()
        guard !isStopped else {
            instance.terminate(grace: .zero)
            throw AlreadyRegistered()
        }
        return instance
    }

    /// Ends what is left of instances whose first process has ended: one look through the processes serves all of them.
    private func sweep(_ instance: ProcessInstance, _ loop: DescriptorLoop) {
        let isFirst = state.withLock { state in
            state.ending.append(instance)
            return state.ending.count == 1
        }
        if isFirst { loop.schedule(after: .zero) { [self] in sweepStep(loop, delay: .milliseconds(2)) } }
    }

    private func sweepStep(_ loop: DescriptorLoop, delay: Duration) {
        let table = ProcessTable.read()
        // All of this runs on the loop's thread, so that none is added meanwhile.
        let left = state.withLock { $0.ending }.filter { !$0.step(table) }
        state.withLock { $0.ending = left }
        guard !left.isEmpty else { return }
        let next = min(.milliseconds(50), delay * 1.5)
        loop.schedule(after: delay) { [self] in sweepStep(loop, delay: next) }
    }

    private func endLeftovers() async throws {
        let prefix = runPrefix
        var found = 0
        let areGone = await waitUntil {
            let processes = ProcessTable.read().processes { $0.hasPrefix(prefix) }
            found = max(found, processes.count)
            for process in processes { ProcessSignals.kill(process) }
            return processes.isEmpty
        }
        if found > 0 {
            logger.notice("ended what an earlier run had left", metadata: ["lever.processes": "\(found)"])
        }
        guard areGone else {
            throw RuntimeError(.driver, "processes of an earlier run of this data directory could not be ended")
        }
    }

    private func prepareMemory() -> MemoryCgroup? {
        guard configuration.enforcesMemory else {
            logger.info("memory of instances is not enforced, as configured; Node is told its limit")
            return nil
        }
        do {
            let memory = try MemoryCgroup(parent: configuration.cgroupParent, run: run)
            logger.info("memory of instances is enforced by cgroups", metadata: ["lever.cgroup": "\(memory.directory)"])
            return memory
        } catch {
            logger.notice(
                "memory of instances is not enforced; Node is told its limit", metadata: ["lever.reason": "\(error)"])
            return nil
        }
    }

    /// Asks again and again, at most for the configured time.
    private func waitUntil(_ condition: () -> Bool) async -> Bool {
        let end = ContinuousClock.now + configuration.killTimeout
        while !condition() {
            guard ContinuousClock.now < end else { return false }
            // A cancelled task must not leave before the instances are gone; it only asks more often.
            do { try await Task.sleep(for: .milliseconds(2)) } catch { await Task.yield() }
        }
        return true
    }
}
