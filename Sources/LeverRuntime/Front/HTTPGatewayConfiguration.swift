package import LeverCore

/// The bounds of the HTTP API, and what it needs to know.
package struct HTTPGatewayConfiguration: Sendable {
    /// The largest body of a regular call, in bytes.
    package var maximumBody = 512 * 1024
    /// The longest line of a channel's body: the arguments, or one JSON message; in bytes.
    package var maximumLine = 512 * 1024
    /// How long the body of a regular call, or the first line of a channel's, may take to come.
    package var bodyTimeout: Duration = .seconds(60)
    /// The environment that an IP address or `localhost` means.
    package var defaultEnvironment = EnvironmentName.default
    /// Hosts beside loopback ones that requests to the administration may name.
    package var adminHosts: Set<String> = []
    /// How long browsers may keep the answer to a CORS preflight, in seconds.
    package var preflightAge = 600

    package init() {}

    package static let defaults = HTTPGatewayConfiguration()
}
