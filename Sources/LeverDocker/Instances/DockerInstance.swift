import AsyncHTTPClient
import LeverCore
import Logging
import Synchronization

/// An instance that is a container.
///
/// running → (the engine says that it died, or does not know it any more) ending → ended. What it wrote is whole, its container
/// and its folder are gone, before anybody hears of its end.
final class DockerInstance: DriverInstance {
    /// What it needs of its driver.
    struct Surroundings: Sendable {
        var engine: Engine
        var folder: RuntimeFolder
        var logger: Logger
        /// Says that nothing of it is left.
        var ended: @Sendable (DockerInstance) -> Void
    }

    private struct State {
        var isEnding = false
        var hasSentTerm = false
        var startTime: ContinuousClock.Instant?
        var killTime: ContinuousClock.Instant?
        var phases: [StartPhase] = []
        /// The container's addresses by network.
        var address: String?
        var found: InstanceAddress?
        /// Holds the file of the socket that was found.
        var socket: SocketFile?
        var processorTime: Duration?
        var isAskingProcessorTime = false
        var output: Task<Void, Never>?
    }

    let specification: InstanceSpecification
    let container: String
    let output: OutputLog
    /// The folder of its socket.
    let runFolder: String
    private let surroundings: Surroundings
    private let state = Mutex(State())
    private let ended = Promise<InstanceExit>()

    var id: InstanceID { specification.id }

    init(
        _ specification: InstanceSpecification, container: String, runFolder: String, output: OutputLog,
        _ surroundings: Surroundings
    ) {
        self.specification = specification
        self.container = container
        self.runFolder = runFolder
        self.output = output
        self.surroundings = surroundings
    }

    // MARK: Its start

    /// Takes what the container writes; before it is started, so that nothing is missed.
    func attach() async throws { take(try await surroundings.engine.attach(container)) }

    /// Takes what the container has written after a time, in seconds since 1970, and what it writes from now on.
    func follow(after time: Double) async throws { take(try await surroundings.engine.follow(container, from: time)) }

    private func take(_ body: HTTPClientResponse.Body) {
        let task = Task { [output] in
            var frames = OutputFrames()
            var streams = OutputStreams()
            do {
                for try await bytes in body {
                    let now = SystemTime.now()
                    frames.take(bytes) { bytes, stream in
                        streams.take(bytes, of: stream) { output.append($0, at: now) }
                    }
                }
            } catch {
                // The engine has gone away: what the instance writes from now on is lost.
            }
            streams.end { output.append($0, at: SystemTime.now()) }
        }
        state.withLock { $0.output = task }
    }

    /// It runs.
    func started(address: String?) {
        state.withLock { state in
            state.address = address
            state.startTime = .now
        }
    }

    func note(_ phase: StartPhase) {
        state.withLock { $0.phases.append(phase) }
    }

    /// It was made ahead: what its start took is over, but for this.
    func wentOn(_ phase: StartPhase) {
        state.withLock { $0.phases = [phase] }
    }

    var startPhases: [StartPhase] { state.withLock { $0.phases } }

    /// The container's own address in its network; `nil` without one.
    var address: String? { state.withLock { $0.address } }

    // MARK: Where it listens

    func listening() async throws -> InstanceAddress {
        var pause = Duration.milliseconds(1)
        while true {
            if let exit = ended.known { throw endedBeforeListening(exit) }
            if let found = state.withLock({ $0.found }) { return found }
            try Task.checkCancellation()
            if let found = await look() {
                return state.withLock { state in
                    state.found = state.found ?? found
                    return state.found ?? found
                }
            }
            try await Task.sleep(for: pause)
            pause = min(.milliseconds(20), pause * 1.25)
        }
    }

    /// Where its socket is that one of our SDKs listens on; `nil` where nobody does.
    func lookForSocket() -> InstanceAddress? {
        guard let socket = SocketFile("\(runFolder)/\(ContainerPlaces.socketName)") else { return nil }
        // From the image's point of view the gateway is a socket, too.
        let address = InstanceAddress(.unix(path: socket.path), gateway: ContainerPlaces.gatewayAddress)
        return state.withLock { state in
            guard !state.isEnding else { return nil }
            state.socket = socket
            state.found = address
            return address
        }
    }

    private func look() async -> InstanceAddress? {
        if let address = lookForSocket() { return address }
        // A JavaScript module always runs in our own runtime.
        guard !state.withLock({ $0.isEnding }), case .command = specification.manifest.entry, let host = address,
            await TCPProbe.isListening(host, ContainerPlaces.port)
        else { return nil }
        return InstanceAddress(.tcp(host: host, port: ContainerPlaces.port), usesSDK: false)
    }

    private func endedBeforeListening(_ exit: InstanceExit) -> RuntimeError {
        let service = specification.service
        var text = "instance \(id) of \(service) ended before it listened: \(exit)"
        if let reason = EntryFailure.reason(specification, exit: exit, output: output.last(20)) { text = reason }
        return RuntimeError(.driver, text)
    }

    // MARK: Its life

    func exit() async -> InstanceExit { await ended.value }

    func processorTime() -> Duration? {
        let (known, isFirst) = state.withLock { state in
            defer { state.isAskingProcessorTime = true }
            return (state.processorTime, !state.isAskingProcessorTime)
        }
        // The answer serves the next question: who asks again and again sees it grow.
        if isFirst {
            Task {
                let time = try? await surroundings.engine.processorTime(container)
                state.withLock { state in
                    state.isAskingProcessorTime = false
                    if let time { state.processorTime = time }
                }
            }
        }
        return known
    }

    func terminate(grace: Duration) {
        let time = ContinuousClock.now + grace
        let sendsTerm = state.withLock { state in
            guard !state.isEnding else { return false }
            state.killTime = min(state.killTime ?? time, time)
            guard grace > .zero, !state.hasSentTerm else { return false }
            state.hasSentTerm = true
            return true
        }
        Task {
            if sendsTerm { await askToEnd() }
            if grace > .zero { try? await Task.sleep(for: grace) }
            await killIfDue()
        }
    }

    /// Sends SIGTERM; once more where the init process may have been too young to hear it, since the kernel drops what the first
    /// process of a container does not handle yet.
    private func askToEnd() async {
        let isYoung = state.withLock { $0.startTime.map { $0.duration(to: .now) < .seconds(1) } ?? true }
        try? await surroundings.engine.signalContainer(container, "SIGTERM")
        guard isYoung else { return }
        Task {
            try? await Task.sleep(for: .seconds(1))
            guard !state.withLock({ $0.isEnding }) else { return }
            try? await surroundings.engine.signalContainer(container, "SIGTERM")
        }
    }

    /// Kills it when its time is over, again and again until it is gone: the engine may be away.
    private func killIfDue() async {
        var pause = Duration.milliseconds(250)
        while state.withLock({ state in !state.isEnding && (state.killTime.map { $0 <= .now } ?? false) }) {
            do {
                try await surroundings.engine.signalContainer(container, "SIGKILL")
                await checkIsKnown()
            } catch {
                surroundings.logger.debug(
                    "an instance could not be killed", metadata: ["lever.instance": "\(id)", "lever.error": "\(error)"])
            }
            try? await Task.sleep(for: pause)
            pause = min(.seconds(5), pause * 2)
        }
    }

    // MARK: Its end

    /// Asks the engine whether it still runs; a container that the engine does not know has ended, too.
    func checkIsKnown() async {
        // Before it was started it does not run either; whether it can be, its start finds out.
        guard state.withLock({ $0.startTime != nil }) else { return }
        do {
            guard let facts = try await surroundings.engine.inspectContainer(container) else { return died() }
            if !facts.isRunning { died() }
        } catch {
            // The engine does not answer: it is asked again when it does.
        }
    }

    /// The engine has said that it does not run any more.
    func died() {
        let isFirst = state.withLock { state in
            defer { state.isEnding = true }
            return !state.isEnding
        }
        if isFirst { Task { await finish() } }
    }

    private func finish() async {
        await waitForOutput()
        let exit = await howItEnded()
        await remove()
        let socket = state.withLock { state in
            defer { state.socket = nil }
            return state.socket
        }
        socket?.close()
        surroundings.folder.removeInstanceFolder(id)
        output.end()
        surroundings.ended(self)
        ended.fulfill(exit)
    }

    /// Its output ends with it; a short time is enough for what is on its way.
    private func waitForOutput() async {
        guard let task = state.withLock({ $0.output }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await task.value }
            group.addTask { try? await Task.sleep(for: .seconds(5)) }
            await group.next()
            task.cancel()
            group.cancelAll()
        }
    }

    private func howItEnded() async -> InstanceExit {
        for pause: Duration in [.milliseconds(20), .milliseconds(200), .seconds(1)] {
            do {
                guard let facts = try await surroundings.engine.inspectContainer(container) else {
                    return .unknown("its container was removed by somebody else")
                }
                return InstanceExit(facts)
            } catch {
                try? await Task.sleep(for: pause)
            }
        }
        return .unknown("it has ended, and the container engine does not say how")
    }

    private func remove() async {
        do {
            try await surroundings.engine.removeContainer(container)
        } catch {
            // The next start of the host removes it by its label.
            surroundings.logger.warning(
                "the container of an ended instance could not be removed",
                metadata: ["lever.instance": "\(id)", "lever.error": "\(error)"])
        }
    }
}

extension InstanceExit {
    /// What the engine says of a container that has ended.
    init(_ facts: ContainerFacts) {
        if facts.ranOutOfMemory, facts.exitCode != 0 {
            self = .outOfMemory
        } else if facts.exitCode > 128, facts.exitCode < 128 + 65 {
            // The init process reports a signal as shells do.
            self = .signal(facts.exitCode - 128)
        } else {
            self = .code(facts.exitCode)
        }
    }
}
