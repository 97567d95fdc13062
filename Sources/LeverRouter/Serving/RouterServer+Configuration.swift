public import LeverCore
import LeverTransport

extension RouterServer {
    /// All that a router can be told, with every bound in it.
    public struct Configuration: Sendable {
        /// Where calls from outside come in: `host:port` (port 0 takes a free one), `[address]:port` or `unix:path`. `nil`: only
        /// from the program itself and through the gateways.
        public var listen: String? = "127.0.0.1:8080"
        /// Where calls from services come in, for each environment that has such a gateway: as ``listen``. Whoever reaches it
        /// is taken for a service of that environment. Instances are told of it with each call.
        public var gateways: [EnvironmentName: String] = [:]
        /// Event loops that carry calls; `nil`: one for each core.
        public var threads: Int?
        /// How long calls in progress may go on once the router is to stop.
        public var shutdownTimeout: Duration = .seconds(10)
        /// The bounds of calls.
        public var calls = RouterConfiguration()
        /// Connections that may be open at once, of each address it listens on.
        public var maximumConnections = 20_000
        /// Streams that one connection may have open at once.
        public var maximumStreams = 100_000
        /// The largest header block, in bytes.
        public var maximumHeaderSize = 64 * 1024
        /// How long a new connection may take until it has shown that it speaks HTTP/2.
        public var handshakeTimeout: Duration = .seconds(10)
        /// Bytes that the router holds at once for all calls: received and not yet forwarded, kept for another attempt, or
        /// queued for a peer that takes them slowly. Above it new calls from outside are refused, and calls that would add to
        /// it end.
        public var bufferedBytes = 256 * 1024 * 1024

        /// Makes the defaults.
        public init() {}

        /// The defaults.
        public static var defaults: Configuration { Configuration() }

        /// Checks all values.
        ///
        /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`, naming the value.
        public func validate() throws {
            for address in [listen].compactMap({ $0 }) + gateways.values where TransportAddress(address) == nil {
                throw RuntimeError(
                    .invalidConfiguration,
                    "\"\(address)\" is no address to listen on: it should be host:port or unix:path")
            }
            try Self.check("threads", threads ?? 1, in: 1...1024)
            try Self.check("shutdownTimeout", shutdownTimeout)
            try calls.validate(named: "calls")
            try Self.check("maximumConnections", maximumConnections, in: 1...10_000_000)
            try Self.check("maximumStreams", maximumStreams, in: 1...1_000_000_000)
            try Self.check("maximumHeaderSize", maximumHeaderSize, in: 4096...(1 << 24))
            try Self.check("handshakeTimeout", handshakeTimeout)
            try Self.check("bufferedBytes", bufferedBytes, in: (1 << 20)...(1 << 50))
        }

        private static func check(_ name: String, _ value: Duration) throws {
            try RouterConfiguration.check(name, value)
        }

        private static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
            try RouterConfiguration.check(name, value, in: range)
        }

        func listener(_ budget: BufferBudget, isGateway: Bool) -> ListenerConfiguration {
            var listener = ListenerConfiguration()
            listener.maximumConnections = maximumConnections
            listener.detectionTimeout = handshakeTimeout
            listener.maximumHeadLength = maximumHeaderSize
            listener.http2.maximumConcurrentStreams = maximumStreams
            listener.http2.maximumHeaderListSize = maximumHeaderSize
            listener.http2.budget = budget
            // Calls through a gateway belong to calls in progress.
            listener.http2.refusesOverBudget = !isGateway
            return listener
        }
    }
}
