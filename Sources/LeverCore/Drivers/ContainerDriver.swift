/// What starts instances: as local processes, in containers, in this process.
///
/// Life cycle: ``prepare()`` once, before anything else, ends what a previous run left; then any number of ``start(_:)``,
/// concurrently; ``shutdown()`` once at the end, after which no instance of the driver is alive.
///
/// A driver whose instances outlive a host that is killed can hand them on: the host calls ``prepareAdopting()`` in place of
/// ``prepare()``, then ``adopt(_:writtenAfter:)`` for those that it takes, then ``removeLeftovers()``, and only then starts
/// anything.
public protocol ContainerDriver: Sendable {
    /// The name by which configuration and messages call it, for example `process`.
    var name: String { get }

    /// Makes sure that no instance of a previous run of the same data directory is alive. No activation happens before.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver``.
    func prepare() async throws

    /// As ``prepare()``, but leaves alive the instances of the previous run that it returns, for ``adopt(_:writtenAfter:)``; all
    /// others are dead when it returns. Until ``removeLeftovers()`` has returned, nothing is started.
    ///
    /// - Throws: as ``prepare()``.
    func prepareAdopting() async throws -> [Leftover]

    /// Takes an instance over that ``prepareAdopting()`` has returned, where it runs, listens, and is what ``start(_:)`` would make
    /// of this specification now: the same code, image, limits, environment. What it does for its resources is not the driver's
    /// affair: the host asks its SDK, and ends it where it does not like the answer.
    ///
    /// - Parameters:
    ///   - specification: As for ``start(_:)``, with the id of the leftover.
    ///   - writtenAfter: In seconds since 1970; of the lines that it wrote before, the host has all. `nil`: it has none.
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver`` that says why it cannot be taken over; then it stays a
    ///   leftover.
    func adopt(_ specification: InstanceSpecification, writtenAfter: Double?) async throws -> any DriverInstance

    /// Ends the leftovers that were not adopted. When it returns, none of them is alive.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver``.
    func removeLeftovers() async throws

    /// Whether an instance of this specification may turn out to hold the one port (3837) that programs without our SDKs
    /// listen on, where the driver cannot give each instance a network of its own.
    func mayNeedPort(_ specification: InstanceSpecification) -> Bool

    /// What the driver cannot do of what a manifest asks for, in words for the service's developer: they are shown to whoever
    /// deploys it.
    func warnings(about manifest: Manifest) -> [String]

    /// Where the gateway of an instance's environment has to listen so that the instance reaches it, and nobody else's do where
    /// that can be had. Asked before an instance starts; the host listens there first. Equal answers share one gateway.
    ///
    /// - Parameter specification: As for ``start(_:)``.
    /// - Returns: At most one address of TCP, whose port may be 0 for a free one; another that is taken is replaced by a free one
    ///   (``InstanceSpecification/internalGateway`` says which it was). And any number of unix sockets.
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver``.
    func gatewayEndpoints(for specification: InstanceSpecification) async throws -> [InstanceAddress.Endpoint]

    /// Gets what instances of a version need beside their code, for example an image; returns at once where it is there.
    ///
    /// - Parameters:
    ///   - specification: As for ``start(_:)``; its instance is none yet.
    ///   - progress: Takes lines for whoever deploys, such as how much has arrived.
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver`` and a message for the service's developer.
    func fetch(
        for specification: InstanceSpecification, progress: @escaping @Sendable (String) -> Void
    ) async throws

    /// Starts an instance; returns as soon as it runs, long before it listens.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver`` and a message for the service's developer, for example
    ///   that the entry does not exist or is not executable.
    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance

    /// Whether ``makeSpare(_:)`` can be asked for anything.
    var makesSpares: Bool { get }

    /// Makes an instance ahead of the need for it: it is started until it listens, then it stands still and takes no processor
    /// time. ``start(_:)`` with the same id and version lets it go on, instead of starting another one, and returns it; it
    /// also waits for a spare that is still being made. A ``start(_:)`` of another version with that id drops it.
    ///
    /// - Returns: The instance, so that its end can be waited for.
    /// - Throws: As ``start(_:)``, and as ``DriverInstance/listening()``.
    func makeSpare(_ specification: InstanceSpecification) async throws -> any DriverInstance

    /// Ends a spare that nobody will need; nothing happens where there is none. Does not wait.
    func dropSpare(_ id: InstanceID)

    /// Removes what earlier versions needed and no version needs any more, for example images and networks.
    ///
    /// - Parameter kept: The manifests of all versions that are kept, by service.
    /// - Returns: What was removed, each in words of its own.
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/driver``.
    func prune(keeping kept: [ServiceID: [Manifest]]) async throws -> [String]

    /// Kills what is left.
    func shutdown() async
}

extension ContainerDriver {
    /// Ends them all, and returns none.
    public func prepareAdopting() async throws -> [Leftover] {
        try await prepare()
        return []
    }

    /// Refused.
    public func adopt(
        _ specification: InstanceSpecification, writtenAfter: Double?
    ) async throws -> any DriverInstance {
        throw RuntimeError(.driver, "the driver \(name) takes no instances over")
    }

    /// There are none.
    public func removeLeftovers() async throws {}

    /// Nothing.
    public func warnings(about manifest: Manifest) -> [String] { [] }

    /// A free port on loopback.
    public func gatewayEndpoints(for specification: InstanceSpecification) async throws -> [InstanceAddress.Endpoint] {
        [.tcp(host: "127.0.0.1", port: 0)]
    }

    /// Nothing is needed.
    public func fetch(
        for specification: InstanceSpecification, progress: @escaping @Sendable (String) -> Void
    ) async throws {}

    /// None can be made.
    public var makesSpares: Bool { false }

    /// Refused.
    public func makeSpare(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        throw RuntimeError(.driver, "the driver \(name) makes no instances ahead")
    }

    /// There is none.
    public func dropSpare(_ id: InstanceID) {}

    /// There is nothing to remove.
    public func prune(keeping kept: [ServiceID: [Manifest]]) async throws -> [String] { [] }
}

/// An instance that a driver has started.
public protocol DriverInstance: Sendable {
    /// Its id, from the specification.
    var id: InstanceID { get }

    /// Waits until the instance listens somewhere, and says where. It may not speak HTTP/2 there yet.
    ///
    /// - Throws: ``RuntimeError`` when the instance ends or does what cannot work (for example listens on a port that
    ///   another instance holds); `CancellationError` when the task is cancelled.
    func listening() async throws -> InstanceAddress

    /// Waits for the instance's end; returns at once when it has ended already. Any number of tasks may wait.
    func exit() async -> InstanceExit

    /// Asks the instance to end (SIGTERM) and makes it (SIGKILL) where it has not ended after `grace`, at once
    /// where that is zero. Does not wait; what the instance started is ended, too.
    func terminate(grace: Duration)

    /// How long the instance and what it started have used processors, to tell a busy instance from a dead one; `nil` where
    /// that is not known.
    func processorTime() -> Duration?

    /// How long each phase of the start took, as far as they are over, in their order; the host adds its own.
    var startPhases: [StartPhase] { get }

    /// What the instance writes to its standard output and error: the last of it. The driver ends it when the instance has
    /// ended.
    var output: OutputLog { get }
}

extension DriverInstance {
    /// None is told apart.
    public var startPhases: [StartPhase] { [] }

    /// Not known.
    public func processorTime() -> Duration? { nil }

    /// The last lines that the instance wrote, oldest first, at most `count`.
    public func lastOutput(_ count: Int) -> [String] { output.last(count) }
}

/// A part of an instance's start.
public struct StartPhase: Sendable, Hashable {
    /// What was done, in a word or two: `create`, `start`, `listen`.
    public var name: String
    /// How long it took.
    public var duration: Duration

    /// Makes a phase.
    public init(_ name: String, _ duration: Duration) {
        self.name = name
        self.duration = duration
    }
}

/// Where an instance listens.
public struct InstanceAddress: Sendable, Hashable {
    /// The kinds of address.
    public enum Endpoint: Sendable, Hashable {
        /// A unix socket's path.
        case unix(path: String)
        /// A numeric host and a port.
        case tcp(host: String, port: Int)

        /// Parses `host:port`, `[address]:port` or `unix:path`.
        ///
        /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidInput``, naming the text.
        public init(_ text: String) throws(RuntimeError) {
            let failure = RuntimeError(
                .invalidInput, "\"\(text)\" is no address: it should be host:port, [address]:port or unix:path")
            if text.hasPrefix("unix:") {
                guard text.utf8.count > 5 else { throw failure }
                self = .unix(path: String(text.dropFirst(5)))
                return
            }
            guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
                (1...65_535).contains(port)
            else { throw failure }
            var host = text[..<colon]
            if host.hasPrefix("["), host.hasSuffix("]") {
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                throw failure
            }
            guard !host.isEmpty else { throw failure }
            self = .tcp(host: String(host), port: port)
        }
    }

    /// Where.
    public var endpoint: Endpoint
    /// Whether it listens on the port that only one instance can have.
    public var holdsPort: Bool
    /// Whether one of our SDKs answers there: it may be pinged at intervals, while plain gRPC servers close connections that
    /// are.
    public var usesSDK: Bool
    /// `host:port` or `unix:path` that calls made on behalf of the instance's calls go to, as the instance sees it; `nil` for
    /// ``InstanceSpecification/internalGateway``.
    public var gateway: String?

    /// Makes an address.
    ///
    /// - Parameters:
    ///   - endpoint: Where.
    ///   - holdsPort: Whether it listens on the port that only one instance can have.
    ///   - usesSDK: Whether one of our SDKs answers there; `nil` where only programs without them hold the port.
    ///   - gateway: Where calls made on behalf of the instance's calls go; `nil` for
    ///     ``InstanceSpecification/internalGateway``.
    public init(_ endpoint: Endpoint, holdsPort: Bool = false, usesSDK: Bool? = nil, gateway: String? = nil) {
        self.endpoint = endpoint
        self.holdsPort = holdsPort
        self.usesSDK = usesSDK ?? !holdsPort
        self.gateway = gateway
    }
}

/// How an instance ended.
public enum InstanceExit: Sendable, Hashable, CustomStringConvertible {
    /// It exited with a code.
    case code(Int)
    /// A signal ended it.
    case signal(Int)
    /// It ran out of memory.
    case outOfMemory
    /// How it ended is not known.
    case unknown(String)

    /// How it ended, in words that continue a sentence.
    public var description: String {
        switch self {
        case .code(let code): "it exited with code \(code)"
        case .signal(let signal): "signal \(signal) ended it"
        case .outOfMemory: "it ran out of memory"
        case .unknown(let text): text
        }
    }
}
