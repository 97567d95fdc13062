public import LeverCore
internal import LeverTransport

extension LeverClient {
    /// What a client is made with.
    public struct Configuration: Sendable {
        /// `host:port`, or `unix:` and the path of a socket, that all calls go to whatever their environment; `nil` takes
        /// port 80 of the environment's own name.
        public var host: String?
        /// The environment of relative addresses; `nil` takes that of the call that is being answered, outside of calls
        /// `dev.lever`.
        public var environment: EnvironmentName?
        /// How long a unary call may take where it does not say so itself; `nil` leaves it to the host.
        public var timeout: Duration?
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

        /// No forced host, connections made within 20 seconds and closed after 5 minutes without calls.
        public static var defaults: Configuration { Configuration() }

        /// Checks every value.
        ///
        /// - Throws: ``RuntimeError`` that names the value and the rule that it breaks.
        public func validate() throws(RuntimeError) {
            if let host, TransportAddress(host).map(Self.isReachable) != true {
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
                ("maximumMessageLength", maximumMessageLength),
            ] where value < 1 {
                throw RuntimeError(.invalidConfiguration, "\(name) is \(value); it should be at least 1")
            }
        }

        private static func isReachable(_ address: TransportAddress) -> Bool {
            if case .tcp(_, let port) = address { port > 0 } else { true }
        }
    }
}
