public import LeverCore

/// Which services there are and where their instances listen, for a ``RouterServer``.
///
/// ```swift
/// var table = RoutingTable()
/// try table.set("dev.lever/hello", at: ["127.0.0.1:9001", "unix:/run/hello-2.sock"])
/// try table.set("dev.lever/ledger", at: ["127.0.0.1:9100"], isPrivate: true)
/// ```
public struct RoutingTable: Sendable, Hashable {
    /// One service of the table.
    public struct Service: Sendable, Hashable {
        /// Where its instances listen; calls of a service that has none fail.
        public var instances: [InstanceAddress.Endpoint]
        /// Whether only services of the same environment may call it: calls that come through that environment's gateway
        /// (``RouterServer/Configuration/gateways``).
        public var isPrivate: Bool
        /// The version that its replies name (`lever-version`).
        public var version: Int

        /// Makes a service of its instances' addresses.
        public init(instances: [InstanceAddress.Endpoint], isPrivate: Bool = false, version: Int = 1) {
            self.instances = instances
            self.isPrivate = isPrivate
            self.version = version
        }
    }

    /// The services. Their environments exist because of them; `EnvironmentName.default` always does.
    public var services: [ServiceID: Service]

    /// Makes a table.
    public init(services: [ServiceID: Service] = [:]) {
        self.services = services
    }

    /// Puts a service in, in place of what it was before.
    ///
    /// - Parameters:
    ///   - service: Its environment and name, as in `dev.lever/hello`.
    ///   - addresses: Where its instances listen: `host:port`, `[address]:port` or `unix:path`.
    ///   - isPrivate: Whether only services of the same environment may call it.
    ///   - version: The version that its replies name.
    /// - Throws: `RPCError` for a malformed name, `RuntimeError` for a malformed address; each names the text.
    public mutating func set(
        _ service: String, at addresses: [String], isPrivate: Bool = false, version: Int = 1
    ) throws {
        services[try ServiceID(service)] = Service(
            instances: try addresses.map { try InstanceAddress.Endpoint($0) }, isPrivate: isPrivate, version: version)
    }

    /// Takes a service out; does nothing where it is not there.
    ///
    /// - Throws: `RPCError` for a malformed name.
    public mutating func remove(_ service: String) throws {
        services[try ServiceID(service)] = nil
    }

    /// Checks that it makes sense.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`, naming the service.
    public func validate() throws(RuntimeError) {
        for (id, service) in services {
            guard Set(service.instances).count == service.instances.count else {
                throw RuntimeError(
                    .invalidConfiguration, "service \(id) has the same address twice in the routing table")
            }
            guard service.version >= 0 else {
                throw RuntimeError(.invalidConfiguration, "service \(id) has the version \(service.version)")
            }
        }
    }
}
