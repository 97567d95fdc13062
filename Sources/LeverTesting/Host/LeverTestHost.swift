public import LeverClient
public import LeverCore
import Synchronization

/// A host in memory, for tests of services and of programs that call them: the same decisions as in a real host (how instances
/// start, scale, drain and end, who holds which resource, how a version takes over), in a virtual time that moves only when
/// the test says so, with faults where the test wants them.
///
/// ```swift
/// try await withTestHost(seed: 7) { host in
///     try await host.deploy(Chat.service, as: "dev.lever/chat", maxInstances: 4)
///     let lobby = try host.client.service("dev.lever", "chat").resource("lobby")
///     try await lobby.invoke("Say", "hi")
///     host.crash(host.instances("chat")[0])
///     try await lobby.invoke("Say", "still there?")
/// }
/// ```
///
/// Instances are handlers in this process: calls go straight to them, and nothing is encoded on the way. Each has the state of
/// its own that the service keeps; what the service's code shares beside that (globals, captured objects) is shared by all of
/// them, as no two processes would. No sockets, processes or files are involved, and no other thread than that of the
/// ``clock``'s executor.
///
/// The same script with the same seed gives the same result, so long as all that it does runs on that executor; see
/// ``TestExecutor``.
public final class LeverTestHost: Sendable {
    /// What the host was made with.
    public let configuration: Configuration
    /// The virtual time. Services get at it as ``TestClock`` when they are made with it, or as `any Clock<Duration>`.
    public let clock: TestClock
    /// What has seen who acts for which resource.
    public let witness = ActivationWitness()
    private let world: HostWorld
    private let lock = Mutex(())

    /// Makes a host with nothing deployed.
    public init(_ configuration: Configuration = .defaults) {
        self.configuration = configuration
        clock = TestClock()
        world = HostWorld(configuration, clock: clock, witness: witness)
        world.host = self
    }

    /// Makes a host with nothing deployed, whose chance comes from a seed.
    public convenience init(seed: UInt64) {
        var configuration = Configuration.defaults
        configuration.seed = seed
        self.init(configuration)
    }

    /// What calls the host's services: from outside; used by a handler, from the handler's instance, on behalf of its call.
    ///
    /// A deadline that a caller gives counts in virtual time from when the call reaches the host.
    public var client: LeverClient { LeverClient(transport: transport) }

    /// What ``client`` calls over.
    public var transport: any RPCTransport { TestTransport(host: self) }

    /// Ends the host: calls end, instances are gone, and nothing can be called any more. Tasks of instances that had died go on
    /// from where they stood, cancelled, so that nothing is left of them.
    public func shutdown() async {
        act { $0.endAll() }
        await clock.settle()
    }

    /// Touches the world, then does what is to be done outside of it.
    @discardableResult
    func act<Result, Failure: Error>(_ body: (HostWorld) throws(Failure) -> Result) throws(Failure) -> Result {
        let (result, left) = try lock.withLock { _ throws(Failure) -> (Held<Result>, [@Sendable () -> Void]) in
            let result = try body(world)
            world.hearAll()
            return (Held(result), world.takeLeft())
        }
        for action in left { action() }
        return result.value
    }

    /// Carries a result out of the lock; what it may be is said by those who call ``act(_:)``, and none of it is shared.
    private struct Held<Value>: @unchecked Sendable {
        let value: Value

        init(_ value: Value) {
            self.value = value
        }
    }
}

extension HostWorld {
    /// All that runs ends.
    func endAll() {
        guard !hasEnded else { return }
        hasEnded = true
        for service in services {
            for instance in service.instances.values.sorted(by: { $0.id.rawValue < $1.id.rawValue }) {
                die(instance, "the host has ended")
            }
            let error = RPCError(.shuttingDown, "the host has ended")
            for call in service.waiting.values.joined().sorted(by: { $0.number < $1.number }) {
                end(call, .failure(error))
            }
            for outcome in service.deployments.values { outcome.finish(.failure(error)) }
            for outcome in service.moves.values.joined() { outcome.finish(.failure(error)) }
            for outcome in service.removals { outcome.finish(.failure(error)) }
            for timer in [service.timer, service.resourceTimer, service.lookTimer] {
                if let timer { clock.unschedule(timer) }
            }
        }
        services = []
        let gone = graveyard
        graveyard = []
        for instance in gone {
            let tasks = Array(instance.tasks.values)
            later {
                for task in tasks { task.cancel() }
                instance.executor.thaw()
            }
        }
    }
}
