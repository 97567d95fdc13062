public import CoreMetrics
public import LeverCore
internal import LeverTransport

extension LeverClient {
    /// What a client is made with.
    public struct Configuration: Sendable {
        /// `host:port`, or `unix:` and the path of a socket, that all calls go to whatever their environment; `nil` takes
        /// port 80 of the environment's own name.
        public var host: String?
        /// More than one host of the same deployment, written as ``host`` is; calls go to any of them, also to ``host`` where
        /// it is set. One that cannot be reached is put aside and tried again later, and its calls go to the others.
        public var hosts: [String] = []
        /// How a call finds its host among several: by default it takes the less loaded of two random ones.
        public var loadBalancer: any LoadBalancer = PowerOfTwoChoices()
        /// How long one of several hosts is left alone that could not be reached.
        public var hostBackoff = Backoff(initial: .milliseconds(500), maximum: .seconds(30))
        /// The environment of relative addresses; `nil` takes that of the call that is being answered, outside of calls
        /// `dev.lever`.
        public var environment: EnvironmentName?
        /// How long a unary call may take where it does not say so itself; `nil` leaves it to the host.
        public var timeout: Duration?
        /// Which calls are made again when they failed; `nil` for none. A call that may have been begun is repeated only where
        /// it is said to be idempotent.
        public var retries: RetryPolicy?
        /// Whether idempotent calls that take long are made a second time; `nil` for never.
        public var hedging: HedgingPolicy?
        /// What stands around all calls, the first one outermost.
        public var interceptors: [any ClientInterceptor] = []
        /// Whether calls are spans of the tracer that the program has bootstrapped, if any, and take its trace context along.
        public var isTraced = true
        /// Where calls are counted, for example `MetricsSystem.factory`; `nil` for nowhere.
        public var metrics: (any MetricsFactory)?
        /// Methods that are counted apart; further ones are counted together, as `other`.
        public var maximumMeasuredMethods = 200
        /// How long a connection may take to be made.
        public var connectTimeout: Duration = .seconds(20)
        /// A connection without calls is closed after this time; `nil` keeps it.
        public var idleTimeout: Duration? = .seconds(300)
        /// While calls are open the host is asked at this interval whether it is still there (PING), and a connection that does
        /// not answer within 20 seconds is lost; `nil` never asks. Plain gRPC servers close connections that ask more often
        /// than every 5 minutes; a Lever host bears some seconds.
        public var keepAliveInterval: Duration? = .seconds(300)
        /// Connections to each host, each on an event loop of its own; calls take them in turn. One serves thousands of
        /// calls at once; more help where one core is not enough.
        public var connectionsPerHost = 1
        /// Calls to one host that may wait for a connection or for the host's limit of concurrent calls.
        public var maximumQueue = 10_000
        /// The longest message, sent or received, in bytes.
        public var maximumMessageLength = 16 * 1024 * 1024

        /// Makes a configuration of the defaults.
        public init() {}

        /// No forced host, at most once, nothing measured; connections made within 20 seconds and closed after 5 minutes
        /// without calls.
        public static var defaults: Configuration { Configuration() }

        /// The hosts that calls go to, each once.
        var allHosts: [String] {
            var known: Set<String> = []
            return ((host.map { [$0] } ?? []) + hosts).filter { known.insert($0).inserted }
        }

        /// Checks every value.
        ///
        /// - Throws: `RuntimeError` that names the value and the rule that it breaks.
        public func validate() throws(RuntimeError) {
            for host in allHosts where TransportAddress(host).map(Self.isReachable) != true {
                throw RuntimeError(
                    .invalidConfiguration, "host \"\(host)\" should be <host>:<port> or unix:<path of a socket>")
            }
            for (name, value) in [
                ("timeout", timeout), ("connectTimeout", connectTimeout), ("idleTimeout", idleTimeout),
                ("keepAliveInterval", keepAliveInterval),
            ] {
                if let value, value <= .zero {
                    throw RuntimeError(.invalidConfiguration, "\(name) is \(value); it should be more than zero")
                }
            }
            for (name, value) in [
                ("connectionsPerHost", connectionsPerHost), ("maximumQueue", maximumQueue),
                ("maximumMessageLength", maximumMessageLength), ("maximumMeasuredMethods", maximumMeasuredMethods),
            ] where value < 1 {
                throw RuntimeError(.invalidConfiguration, "\(name) is \(value); it should be at least 1")
            }
            try hostBackoff.validate()
            try retries?.validate()
            try hedging?.validate()
        }

        private static func isReachable(_ address: TransportAddress) -> Bool {
            if case .tcp(_, let port) = address { port > 0 } else { true }
        }
    }
}
