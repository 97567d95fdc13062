import LeverCore
package import Logging

/// A host's own packet filter: keeps its instances from each other and from this machine's ports, which a Docker engine cannot
/// do, and is gone with the host.
///
/// It is a table of nftables for each host, named by an id that stays the same for one data directory: a host that was killed
/// leaves its rules where they are, so that its instances stay where they were, and the next one replaces them.
///
///     let filter = PacketFilter(id: "1f3a", logger: logger)
///     try await filter.check()
///     // Before the bridge is made, so that nothing runs on it without a filter.
///     try await filter.set([.init(name: "lv1f3a", gateway: "172.20.0.1", port: 40_211)])
package actor PacketFilter {
    /// A bridge that instances are on.
    package struct Bridge: Sendable, Hashable {
        /// The device's name.
        package var name: String
        /// The host's own address on it, of IPv4.
        package var gateway: String
        /// The port of TCP at that address that instances may reach; `nil`: none.
        package var port: Int?
        /// Whether its instances reach the internet.
        package var hasInternet: Bool

        /// Makes a bridge of its parts.
        package init(name: String, gateway: String, port: Int?, hasInternet: Bool = true) {
            self.name = name
            self.gateway = gateway
            self.port = port
            self.hasInternet = hasInternet
        }
    }

    private let id: String
    private let logger: Logger
    private let program: PacketFilterProgram
    private let surroundings: @Sendable () -> PacketFilterSurroundings
    private var rules: PacketFilterRules?
    private var neighbours: PacketFilterRules.Neighbours?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Makes a filter, which does nothing yet.
    ///
    /// - Parameter id: Letters, digits and `_`; the same for each host on one data directory, different for others.
    package init(id: String, logger: Logger) {
        self.init(id: id, logger: logger, program: PacketFilterProgram(), surroundings: { .current })
    }

    /// Makes one whose programs run elsewhere, for example in another network namespace.
    init(
        id: String, logger: Logger, program: PacketFilterProgram,
        surroundings: @escaping @Sendable () -> PacketFilterSurroundings
    ) {
        self.id = id
        self.logger = logger
        self.program = program
        self.surroundings = surroundings
    }

    /// Finds out whether the filter can do its work here; changes nothing.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`: what has to be installed or granted.
    package func check() async throws {
        try await oneAtATime { _ = try await supportedNeighbours() }
    }

    /// Makes these the bridges of the host, in one step, whether or not they exist already.
    ///
    /// The first call after a start must name all bridges that instances of the previous run may be on.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`; then the rules are what they were before.
    package func set(_ bridges: [Bridge]) async throws {
        try await oneAtATime {
            let neighbours = try await supportedNeighbours()
            let rules = try PacketFilterRules(
                id: id, bridges: bridges, surroundings: surroundings(), neighbours: neighbours)
            guard rules != self.rules else { return }
            try await program.apply(rules.text)
            self.rules = rules
        }
    }

    /// Puts the rules back where another program has removed them, as a reload of a firewall does.
    ///
    /// - Returns: Whether they were gone.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`.
    @discardableResult
    package func restore() async throws -> Bool {
        try await oneAtATime {
            guard let rules else { return false }
            if await program.lists(rules) { return false }
            try await program.apply(rules.text)
            logger.warning(
                "another program had removed the packet filter; it is back", metadata: ["lever.table": "\(rules.table)"]
            )
            return true
        }
    }

    /// Makes sure that a bridge exists on this machine: on an engine's machine elsewhere the rules are of no use.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver`, naming the bridge.
    package func confirm(_ bridge: String) async throws {
        guard await program.hasBridge(bridge) else {
            throw RuntimeError(
                .driver,
                "the engine's bridge \(bridge) is not in this host's network: the engine runs on another machine or in another "
                    + "network namespace, where the packet filter cannot be set. \(PacketFilterProgram.wayOut)")
        }
    }

    /// Removes the rules, whatever else has happened.
    package func remove() async {
        // The host's end may have been reached by cancellation, which would end the program before its work.
        await Task {
            await oneAtATime {
                do {
                    let neighbours = try await supportedNeighbours()
                    let none = try PacketFilterRules(
                        id: id, bridges: [], surroundings: PacketFilterSurroundings(), neighbours: neighbours)
                    try await program.apply(none.removal)
                    rules = nil
                } catch {
                    logger.warning("the packet filter could not be removed", metadata: ["lever.error": "\(error)"])
                }
            }
        }.value
    }

    /// What of the kernel can keep neighbours on a bridge apart; asked once.
    private func supportedNeighbours() async throws -> PacketFilterRules.Neighbours {
        if let neighbours { return neighbours }
        let example = [Bridge(name: "lv0", gateway: "192.0.2.1", port: 1, hasInternet: false)]
        func rules(_ neighbours: PacketFilterRules.Neighbours) throws -> String {
            try PacketFilterRules(
                id: "\(id)_check", bridges: example, surroundings: surroundings(), neighbours: neighbours
            ).text
        }
        try await program.apply(rules(.routedHook), onlyCheck: true)
        let found: PacketFilterRules.Neighbours
        do {
            try await program.apply(rules(.bridgeFamily), onlyCheck: true)
            found = .bridgeFamily
        } catch {
            guard await program.seesBridgedTraffic() else {
                throw RuntimeError(
                    .driver,
                    "this kernel filters no traffic within a bridge: it needs nft_meta_bridge, or br_netfilter with "
                        + "net.bridge.bridge-nf-call-iptables=1 and bridge-nf-call-ip6tables=1. "
                        + PacketFilterProgram.wayOut, cause: error)
            }
            found = .routedHook
        }
        neighbours = found
        return found
    }

    /// Whoever sets the rules last has to be the one whose rules are there.
    private func oneAtATime<Value: Sendable>(_ body: () async throws -> Value) async rethrows -> Value {
        if isBusy { await withCheckedContinuation { waiting.append($0) } }
        isBusy = true
        defer { if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() } }
        return try await body()
    }
}
