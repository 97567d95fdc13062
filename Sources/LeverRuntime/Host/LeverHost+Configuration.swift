public import LeverCore
import LeverRouter
import LeverTransport

extension LeverHost {
    /// All that a host can be told, with every bound in it.
    ///
    /// Libraries never read the environment: programs map flags, variables and files to this struct.
    public struct Configuration: Sendable {
        /// Where the front listens: `host:port` (port 0 takes a free one), `[address]:port` or `unix:path`.
        public var listen = "127.0.0.1:8080"
        /// The directory that holds the catalog, the packages and the code. `nil`: everything is in memory and in a temporary
        /// directory, and gone with the host.
        public var dataDirectory: String?
        /// Names and addresses, beside those of loopback, under which the administration may be reached over HTTP (what a
        /// request's `Host` says, without the port).
        public var trustedHosts: [String] = []
        /// Addresses and ranges of them, `192.168.1.5`, `10.0.0.0/8` or `fd00::/8`, from which callers may use the administration
        /// as callers on the host's own machine may: they may deploy code. What HTTP requests have to be like stays.
        public var adminPeers: [String] = []
        /// Event loops that carry calls; `nil`: one for each core.
        public var threads: Int?
        /// How long calls in progress may go on once the host is to stop.
        public var shutdownTimeout: Duration = .seconds(10)
        /// Events that are kept for whoever asks what the host did lately.
        public var keptEvents = 1_000
        /// What is kept of what instances write.
        public var logs = Logs()
        /// The life of instances.
        public var instances = Instances()
        /// The life of resources.
        public var resources = ResourceDirectory.Configuration()
        /// How many instances there are.
        public var scaling = Scaling()
        /// Calls on their way.
        public var calls = Calls()
        /// What is accepted for deployment.
        public var uploads = Uploads()
        /// Connections from outside.
        public var front = Front()
        /// Instances as local processes; used where the host is given no driver of its own.
        public var process = ProcessDriver.Configuration.defaults

        /// Makes the defaults.
        public init() {}

        /// The defaults.
        public static var defaults: Configuration { Configuration() }
    }
}

extension LeverHost.Configuration {
    /// The bounds of an instance's life.
    public struct Instances: Sendable {
        /// How long an instance may take from its start to its first answer.
        public var startTimeout: Duration = .seconds(15)
        /// How long an instance that an earlier run of the host has left may take to say which resources it holds, before it
        /// is killed; zero kills them all. Only containers outlive their host.
        public var adoptionTimeout: Duration = .seconds(3)
        /// How long calls in progress may go on at an instance that is replaced; a service's `drainTimeout` comes before it.
        public var drainTimeout: Duration = .seconds(30)
        /// How long open channels may go on there; a service's `channelDrainTimeout` comes before it.
        public var channelDrainTimeout: Duration = .seconds(300)
        /// When an instance that does not answer gets no new calls, and when it counts as dead.
        public var liveness = LivenessMonitor.Configuration()
        /// The time between two questions whether an instance still answers; it should be a small part of
        /// `liveness.silenceTimeout`.
        public var heartbeatInterval: Duration = .seconds(2)
        /// The pause between two questions whether an instance that is being started answers.
        public var probeInterval: Duration = .milliseconds(5)
        /// How long a driver may take to give up the start of an instance that is not wanted any more; then it is not waited
        /// for.
        public var startCancellation: Duration = .seconds(5)
        /// How long an instance may take to end after SIGTERM, before SIGKILL.
        public var terminationGrace: Duration = .seconds(10)
        /// When failing instances are started again.
        public var backoff = RestartBackoff.Configuration()
        /// Lines of an instance's output that go into the message about its failure.
        public var outputLines = 20

        /// Makes the defaults.
        public init() {}
    }

    /// How the number of a service's instances follows its load.
    public struct Scaling: Sendable {
        /// The time between two looks at the load.
        public var interval: Duration = .seconds(1)
        /// The default policy; used where the host is given none of its own.
        public var policy = TargetLoadPolicy.Configuration()

        /// How long nothing must have been asked of a service before its last instance leaves; the policy waits up to five
        /// times as long while calls come soon afterwards.
        public var idleTimeout: Duration {
            get { policy.idleTime }
            set {
                policy.idleTime = newValue
                policy.maxIdleTime = newValue * 5
            }
        }

        /// Makes the defaults.
        public init() {}
    }

    /// The bounds of calls.
    public struct Calls: Sendable {
        /// The deadline of unary calls that bring none.
        public var defaultDeadline: Duration = .seconds(60)
        /// The longest deadline; later ones are brought forward to it.
        public var maximumDeadline: Duration = .seconds(24 * 3600)
        /// Calls that may wait for an instance of one service.
        public var waitingPerService = 1_000
        /// Calls that may wait for instances in all.
        public var waiting = 10_000
        /// At how many instances a call that was certainly not begun is tried.
        public var attempts = 3
        /// Bytes of a call's request that are kept for such another attempt.
        public var keptRequestBytes = 64 * 1024
        /// What each call adds to an event loop's budget for repeating calls that instances refused: with 0.1, repetitions add
        /// at most a tenth to what instances have to do. 0 leaves the burst alone.
        public var retryRatio = 0.1
        /// The most repetitions that such a budget holds, and what it begins with. 0 repeats no refused call.
        public var retryBurst = 100
        /// The first pause of a call that could reach none of its instances; it doubles each time.
        public var firstRetryPause: Duration = .milliseconds(10)
        /// The longest such pause.
        public var longestRetryPause: Duration = .milliseconds(250)
        /// Bytes that the host holds at once for all calls: received and not yet forwarded, kept for another attempt, or queued
        /// for a peer that takes them slowly. Above it new calls from outside are refused, and calls that would add to it end.
        public var bufferedBytes = 256 * 1024 * 1024
        /// How deep calls on behalf of calls may be nested.
        public var maximumDepth = 32

        /// Makes the defaults.
        public init() {}
    }

    /// The bounds of packages.
    public struct Uploads: Sendable {
        /// The bounds of one package.
        public var limits = PackageLimits.defaults
        /// Packages that may be received and unpacked at once.
        public var maximumConcurrent = 8
        /// How long the sending of one package may take.
        public var timeout: Duration = .seconds(600)
        /// Versions of a service that are kept beside the live one, the newest ones; others are removed after a deployment once
        /// no instance runs them.
        public var keptVersions = 5

        /// Makes the defaults.
        public init() {}
    }

    /// The bounds of connections from outside.
    public struct Front: Sendable {
        /// Connections that may be open at once.
        public var maximumConnections = 20_000
        /// Streams that one connection may have open at once.
        public var maximumStreams = 100_000
        /// The largest body of an HTTP call to a method that is no channel, in bytes.
        public var maximumBodySize = 512 * 1024
        /// The largest header block, in bytes.
        public var maximumHeaderSize = 64 * 1024
        /// How long a new connection may take until it has shown which protocol it speaks.
        public var handshakeTimeout: Duration = .seconds(10)
        /// How long an HTTP/1.1 connection may take until the head of its next request is whole.
        public var requestTimeout: Duration = .seconds(60)

        /// Makes the defaults.
        public init() {}
    }

    /// Checks all values.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`, naming the value.
    public func validate() throws {
        guard TransportAddress(listen) != nil else {
            throw RuntimeError(
                .invalidConfiguration, "\"\(listen)\" is no address to listen on: it should be host:port or unix:path")
        }
        if let dataDirectory, dataDirectory.isEmpty {
            throw RuntimeError(.invalidConfiguration, "the data directory's path is empty")
        }
        try Self.check("threads", threads ?? 1, in: 1...1024)
        for host in trustedHosts where host.isEmpty || host.contains(where: { "/:@ ".contains($0) }) {
            throw RuntimeError(
                .invalidConfiguration, "\"\(host)\" is no host to trust: it should be a name or address without a port")
        }
        for peer in adminPeers where AddressRange(peer) == nil {
            throw RuntimeError(
                .invalidConfiguration,
                "adminPeers: \"\(peer)\" should be an address or a range of them such as "
                    + "192.168.1.5, 10.0.0.0/8 or fd00::/8")
        }
        try Self.check("shutdownTimeout", shutdownTimeout)
        try Self.check("keptEvents", keptEvents, in: 1...1_000_000)
        try logs.validate()
        try Self.check("instances.startTimeout", instances.startTimeout)
        try Self.check("instances.drainTimeout", instances.drainTimeout)
        try Self.check("instances.channelDrainTimeout", instances.channelDrainTimeout)
        try Self.check("instances.liveness.silenceTimeout", instances.liveness.silenceTimeout)
        try Self.check("instances.liveness.livenessTimeout", instances.liveness.livenessTimeout)
        try Self.check("instances.liveness.busyTimeout", instances.liveness.busyTimeout)
        try Self.check("instances.heartbeatInterval", instances.heartbeatInterval)
        try Self.check("instances.probeInterval", instances.probeInterval)
        try Self.check("instances.startCancellation", instances.startCancellation)
        guard instances.adoptionTimeout >= .zero else {
            throw RuntimeError(
                .invalidConfiguration,
                "instances.adoptionTimeout is \(instances.adoptionTimeout); it should not be negative")
        }
        try Self.check("resources.resourceIdleTimeout", resources.resourceIdleTimeout)
        try Self.check("resources.newResourceTimeout", resources.newResourceTimeout)
        try Self.check("resources.closeResourceTimeout", resources.closeResourceTimeout)
        try Self.check("resources.moveWindow", resources.moveWindow)
        try Self.check("resources.drainTimeout", resources.drainTimeout)
        try Self.check("resources.lostAnswerGrace", resources.lostAnswerGrace)
        try Self.check("resources.handOversAtOnce", resources.handOversAtOnce, in: 1...100_000)
        try Self.check("resources.maximumResources", resources.maximumResources, in: 1...100_000_000)
        try Self.check("scaling.interval", scaling.interval)
        do { try scaling.policy.validate() } catch {
            throw RuntimeError(.invalidConfiguration, "scaling.policy: \(error.message)")
        }
        try Self.check("instances.terminationGrace", instances.terminationGrace)
        try Self.check("instances.backoff.initial", instances.backoff.initial)
        try Self.check("instances.backoff.maximum", instances.backoff.maximum)
        try Self.check("instances.outputLines", instances.outputLines, in: 0...10_000)
        // Before the router's own check, which knows them by other names.
        try Self.check("calls.waitingPerService", calls.waitingPerService, in: 1...10_000_000)
        try Self.check("calls.waiting", calls.waiting, in: 1...10_000_000)
        try Self.check("calls.keptRequestBytes", calls.keptRequestBytes, in: 0...(1 << 30))
        try router.validate(named: "calls")
        try Self.check("calls.bufferedBytes", calls.bufferedBytes, in: (1 << 20)...(1 << 50))
        try uploads.limits.validate()
        try Self.check("uploads.maximumConcurrent", uploads.maximumConcurrent, in: 1...10_000)
        try Self.check("uploads.timeout", uploads.timeout)
        try Self.check("uploads.keptVersions", uploads.keptVersions, in: 1...1_000_000)
        try Self.check("front.maximumConnections", front.maximumConnections, in: 1...10_000_000)
        try Self.check("front.maximumStreams", front.maximumStreams, in: 1...1_000_000_000)
        try Self.check("front.maximumBodySize", front.maximumBodySize, in: 1...(1 << 40))
        try Self.check("front.maximumHeaderSize", front.maximumHeaderSize, in: 4096...(1 << 24))
        try Self.check("front.handshakeTimeout", front.handshakeTimeout)
        try Self.check("front.requestTimeout", front.requestTimeout)
        try process.validate()
    }

    private static func check(_ name: String, _ value: Duration) throws {
        try RouterConfiguration.check(name, value)
    }

    private static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
        try RouterConfiguration.check(name, value, in: range)
    }
}
