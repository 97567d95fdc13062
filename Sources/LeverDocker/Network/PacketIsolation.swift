import LeverCore
import Logging

/// Isolation by a packet filter of the host's own.
struct PacketIsolation: NetworkIsolation {
    private let filter: PacketFilter

    /// - Parameter owner: Digits that stand for the data directory.
    init(owner: String, logger: Logger) {
        filter = PacketFilter(id: owner, logger: logger)
    }

    func check() async throws { try await filter.check() }

    func isolate(_ bridges: [EnvironmentNetworks.Bridge]) async throws {
        try await filter.set(
            bridges.map {
                PacketFilter.Bridge(
                    name: $0.device, gateway: $0.gateway, port: $0.port, hasInternet: $0.hasInternet)
            })
    }

    func confirm(_ bridge: EnvironmentNetworks.Bridge) async throws { try await filter.confirm(bridge.device) }

    func restore() async throws { try await filter.restore() }

    func end() async { await filter.remove() }
}
