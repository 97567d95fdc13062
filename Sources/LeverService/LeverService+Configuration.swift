public import LeverCore
internal import LeverTransport

extension LeverService {
    /// How a service listens and ends.
    public struct Configuration: Sendable {
        /// Where to listen: `host:port` (port 0 takes a free one) or `unix:` and a path; `nil` listens where the host says in
        /// `LEVEROS_LISTEN`, without that on port 3837 of all interfaces.
        public var address: String?
        /// How long calls in progress may take to end once the service is told to stop; what is left then is cancelled.
        public var drainTimeout: Duration = .seconds(9)
        /// Whether methods may block their thread. They run on the event loops of their connections by default, which is the
        /// fastest for code that only computes a little and awaits; with this they run on Swift's global executor.
        public var methodsMayBlock = false
        /// The longest message, received or sent, in bytes.
        public var maximumMessageLength = 16 * 1024 * 1024

        /// Makes a configuration of the defaults.
        public init() {}

        /// Listens where the host says; drains for 9 seconds, one less than the host waits before it kills.
        public static var defaults: Configuration { Configuration() }

        /// Checks every value.
        ///
        /// - Throws: `RuntimeError` that names the value and the rule that it breaks.
        public func validate() throws(RuntimeError) {
            _ = try listenAddress()
            guard drainTimeout >= .zero else {
                throw RuntimeError(.invalidConfiguration, "drainTimeout is \(drainTimeout); it should not be negative")
            }
            guard maximumMessageLength > 0 else {
                throw RuntimeError(
                    .invalidConfiguration, "maximumMessageLength is \(maximumMessageLength); it should be more than 0")
            }
        }

        /// The address to listen on.
        func listenAddress() throws(RuntimeError) -> TransportAddress {
            let text = address ?? InstanceEnvironment.current.listenAddress ?? "0.0.0.0:3837"
            guard let address = TransportAddress(text) else {
                throw RuntimeError(
                    .invalidConfiguration, "cannot listen on \"\(text)\": it should be <host>:<port> or unix:<path>")
            }
            return address
        }
    }
}
