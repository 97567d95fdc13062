import LeverCore

/// Where a container engine answers, written as in `DOCKER_HOST`.
struct EngineAddress: Sendable, Hashable, CustomStringConvertible {
    /// The ways to an engine.
    enum Endpoint: Sendable, Hashable {
        case unix(path: String)
        case tcp(host: String, port: Int)
    }

    /// Where Docker listens when nobody says otherwise.
    static let defaultText = "unix:///var/run/docker.sock"

    let endpoint: Endpoint
    /// The folder with `ca.pem`, `cert.pem` and `key.pem`; `nil` for a connection without TLS.
    let certificates: String?

    /// - Parameters:
    ///   - text: `unix:///path`, `tcp://host:port` or `tcp://[address]:port`; the port is 2376 with TLS and 2375 without.
    ///   - certificates: The folder with the certificates of TLS.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration` that names the text.
    init(_ text: String, certificates: String? = nil) throws {
        let failure = RuntimeError(
            .invalidConfiguration,
            "\"\(text)\" is no address of a container engine: it should be unix:///path or tcp://host:port")
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst(7))
            guard path.hasPrefix("/") else { throw failure }
            endpoint = .unix(path: path)
            self.certificates = nil
            return
        }
        guard text.hasPrefix("tcp://") else { throw failure }
        var rest = text.dropFirst(6)
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        var port = certificates == nil ? 2375 : 2376
        // A colon within brackets is part of an address.
        if let colon = rest.lastIndex(of: ":"), rest[colon...].firstIndex(of: "]") == nil {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65_535).contains(number) else {
                throw failure
            }
            port = number
            rest = rest[..<colon]
        }
        if rest.hasPrefix("["), rest.hasSuffix("]") { rest = rest.dropFirst().dropLast() }
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@") else { throw failure }
        endpoint = .tcp(host: String(rest), port: port)
        self.certificates = certificates
    }

    /// What all requests' addresses begin with.
    var base: String {
        switch endpoint {
        case .unix(let path):
            "http+unix://\(Engine.escaped(path))"
        case .tcp(let host, let port):
            "\(certificates == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    /// As it is written in `DOCKER_HOST`.
    var description: String {
        switch endpoint {
        case .unix(let path): "unix://\(path)"
        case .tcp(let host, let port): "tcp://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }
}
