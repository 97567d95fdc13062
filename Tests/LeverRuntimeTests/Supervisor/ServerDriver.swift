import LeverCore
import LeverTransport
import Logging
import NIOCore
import Synchronization

@testable import LeverRuntime

/// A driver whose instances are real servers in this process, and fail as a test wishes.
final class ServerDriver: ContainerDriver {
    /// What the instances of a version do.
    struct Behaviour: Sendable {
        /// Thrown by the start.
        var startError: RuntimeError?
        /// The instance ends at once.
        var exitsAtOnce = false
        /// It never listens.
        var isSilent = false
        var output: [String] = []
        var needsPort = false
        var phases: [StartPhase] = []
        /// Termination is ignored until SIGKILL, that is until the grace is over.
        var ignoresTermination = false
    }

    private struct State {
        var behaviours: [Int: Behaviour] = [:]
        var instances: [ServerInstance] = []
        var mostAlive = 0
        var makesSpares = false
        var spares: [InstanceID: ServerInstance] = [:]
        var reused: [InstanceID] = []
        var kept: [[ServiceID: [Manifest]]] = []
        var pruned: Result<[String], RuntimeError> = .success([])
    }

    let name = "server"
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    init(_ group: any EventLoopGroup) {
        self.group = group
    }

    subscript(version: Int) -> Behaviour {
        get { state.withLock { $0.behaviours[version] ?? Behaviour() } }
        set { state.withLock { $0.behaviours[version] = newValue } }
    }

    /// All that were ever started.
    var started: [ServerInstance] { state.withLock { $0.instances } }
    var alive: [ServerInstance] { started.filter { !$0.hasEnded } }
    /// The most instances that lived at one time.
    var mostAlive: Int { state.withLock { $0.mostAlive } }

    func prepare() async throws {}

    func mayNeedPort(_ specification: InstanceSpecification) -> Bool { self[specification.version].needsPort }

    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        if let spare = state.withLock({ $0.spares.removeValue(forKey: specification.id) }) {
            guard spare.hasEnded || spare.specification.version != specification.version else {
                state.withLock { $0.reused.append(specification.id) }
                return spare
            }
            spare.end(.signal(9))
        }
        return try startAnother(specification)
    }

    // MARK: Spares

    var makesSpares: Bool {
        get { state.withLock { $0.makesSpares } }
        set { state.withLock { $0.makesSpares = newValue } }
    }

    /// Those that wait.
    var spares: [ServerInstance] { state.withLock { Array($0.spares.values) } }
    /// The instances that were started from a spare.
    var reused: [InstanceID] { state.withLock { $0.reused } }

    func makeSpare(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let spare = try startAnother(specification)
        state.withLock { $0.spares[specification.id] = spare }
        return spare
    }

    func dropSpare(_ id: InstanceID) {
        state.withLock { $0.spares.removeValue(forKey: id) }?.end(.signal(9))
    }

    private func startAnother(_ specification: InstanceSpecification) throws -> ServerInstance {
        let behaviour = self[specification.version]
        if let error = behaviour.startError { throw error }
        let instance = ServerInstance(specification, behaviour, group)
        state.withLock { state in
            state.instances.append(instance)
            state.mostAlive = max(state.mostAlive, state.instances.count { !$0.hasEnded })
        }
        if behaviour.exitsAtOnce { instance.end(.code(1)) }
        return instance
    }

    /// What the next prune removes.
    var pruned: Result<[String], RuntimeError> {
        get { state.withLock { $0.pruned } }
        set { state.withLock { $0.pruned = newValue } }
    }

    /// What was to be kept, each time.
    var kept: [[ServiceID: [Manifest]]] { state.withLock { $0.kept } }

    func prune(keeping kept: [ServiceID: [Manifest]]) async throws -> [String] {
        try state.withLock { state in
            state.kept.append(kept)
            return try state.pruned.get()
        }
    }

    func shutdown() async {
        for instance in alive { instance.end(.signal(9)) }
        for instance in started { await instance.closed() }
    }
}

/// One of its instances: answers every call with its version.
final class ServerInstance: DriverInstance {
    private struct State {
        var exit: InstanceExit?
        var waiting: [CheckedContinuation<InstanceExit, Never>] = []
        var server: RPCServer?
        var terminations: [Duration] = []
        var hooks: [String] = []
    }

    let specification: InstanceSpecification
    let hold = Holding()
    let output = OutputLog()
    private let behaviour: ServerDriver.Behaviour
    private let group: any EventLoopGroup
    private let state = Mutex(State())

    init(_ specification: InstanceSpecification, _ behaviour: ServerDriver.Behaviour, _ group: any EventLoopGroup) {
        self.specification = specification
        self.behaviour = behaviour
        self.group = group
        for line in behaviour.output { output.append(line + "\n", at: 0) }
    }

    var id: InstanceID { specification.id }
    var startPhases: [StartPhase] { behaviour.phases }
    var hasEnded: Bool { state.withLock { $0.exit != nil } }
    var terminations: [Duration] { state.withLock { $0.terminations } }

    /// The hooks of resources that were called, as in `new room`.
    var hooks: [String] { state.withLock { $0.hooks } }

    func noteHook(_ hook: String) { state.withLock { $0.hooks.append(hook) } }

    /// Cannot be reached until ``resume()``, though it lives.
    func interrupt() async {
        await state.withLock { $0.server }?.drain(within: .zero)
    }

    /// Listens again, where it did.
    func resume() async throws {
        guard let address = state.withLock({ $0.server })?.localAddress else { return }
        let server = try await RPCServer.start(
            on: address, handler: VersionHandler(self), group: group, logger: Logger(label: "test"))
        state.withLock { $0.server = server }
    }

    func listening() async throws -> InstanceAddress {
        if behaviour.isSilent { try await Task.sleep(for: .seconds(3600)) }
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: VersionHandler(self), group: group,
            logger: Logger(label: "test"))
        let isLate = state.withLock { state in
            state.server = server
            return state.exit != nil
        }
        if isLate { await server.drain(within: .zero) }
        guard case .tcp(let host, let port) = server.localAddress else { throw RuntimeError(.driver, "no port") }
        return InstanceAddress(.tcp(host: host, port: port), holdsPort: behaviour.needsPort)
    }

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
        state.withLock { $0.terminations.append(grace) }
        if !behaviour.ignoresTermination || grace == .zero { end(.signal(15)) }
    }

    /// Ends the instance: its connections break.
    func end(_ exit: InstanceExit) {
        let waiting = state.withLock { state in
            guard state.exit == nil else { return [] as [CheckedContinuation<InstanceExit, Never>] }
            state.exit = exit
            output.end()
            defer { state.waiting = [] }
            return state.waiting
        }
        // The connections break under the calls that are held, as those of a process do.
        if let server = state.withLock({ $0.server }) {
            group.any().makeFutureWithTask { await server.drain(within: .zero) }.whenComplete { [hold] _ in
                hold.release()
                for continuation in waiting { continuation.resume(returning: exit) }
            }
        } else {
            for continuation in waiting { continuation.resume(returning: exit) }
        }
    }

    func closed() async {
        if let server = state.withLock({ $0.server }) { await server.drain(within: .zero) }
    }
}

/// Answers with the version; `Hold` answers once the test lets it.
private struct VersionHandler: RPCHandler {
    private let version: Int
    private let hold: Holding
    private let noteHook: @Sendable (String) -> Void

    init(_ instance: ServerInstance) {
        version = instance.specification.version
        noteHook = { [weak instance] in instance?.noteHook($0) }
        hold = instance.hold
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        if context.url.method.rawValue == "Hold" { await hold.wait() }
        if case .values(let values) = arguments, let resource = values.first?.stringValue {
            switch context.url.method {
            case .newResource: noteHook("new \(resource)")
            case .closeResource: noteHook("close \(resource)")
            default: break
            }
        }
        return .result(.number(Double(version)))
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        while let message = try await channel.receive() { try await channel.send(message) }
    }
}

/// Holds calls until it is released.
final class Holding: Sendable {
    private let state = Mutex((isReleased: false, waiting: [CheckedContinuation<Void, Never>]()))

    var count: Int { state.withLock { $0.waiting.count } }

    func wait() async {
        await withCheckedContinuation { continuation in
            let goesOn = state.withLock { state in
                if !state.isReleased { state.waiting.append(continuation) }
                return state.isReleased
            }
            if goesOn { continuation.resume() }
        }
    }

    func release() {
        let waiting = state.withLock { state in
            state.isReleased = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
