internal import LeverCore

/// The packet filter of one host as text for `nft -f -`: what instances on the host's bridges reach, and what reaches them.
///
/// From a bridge, the host answers on one port of that bridge's own address and nowhere else, whatever the address; from
/// elsewhere, this machine included, that port is not reached. No other
/// bridge is reached, no neighbour on the same bridge, no port that is published on this machine, and nothing link-local, where
/// clouds keep their machines' credentials. The rest of the world is, unless the bridge has no internet. Nothing new comes into a
/// bridge from outside. Answers to what was allowed pass.
///
/// Chains of other tables at the same hooks, Docker's among them, run as well: a packet passes when all let it, so that these
/// rules only ever forbid. The text replaces what the table held before in one transaction.
struct PacketFilterRules: Sendable, Equatable {
    /// How traffic between neighbours on one bridge, which the host does not route, is seen.
    enum Neighbours: Sendable {
        /// In the bridge family's own hook, which knows the bridge (`CONFIG_NFT_BRIDGE_META`).
        case bridgeFamily
        /// In the hook of routed traffic, where `br_netfilter` takes it.
        case routedHook
    }

    /// The name of the tables.
    let table: String
    private let bridges: [PacketFilter.Bridge]
    private let surroundings: PacketFilterSurroundings
    private let neighbours: Neighbours

    /// Makes the rules for all bridges of a host.
    ///
    /// - Parameters:
    ///   - id: What tells the host's table from those of other hosts: letters, digits and `_`.
    ///   - neighbours: What the kernel can do.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` for what could not be written into rules: it comes from an engine.
    init(
        id: String, bridges: [PacketFilter.Bridge], surroundings: PacketFilterSurroundings, neighbours: Neighbours
    ) throws {
        precondition(id.wholeMatch(of: /[A-Za-z0-9_]+/) != nil, "\"\(id)\" cannot be part of a table's name")
        for bridge in bridges {
            guard bridge.name.wholeMatch(of: /[A-Za-z0-9_.-]{1,15}/) != nil else {
                throw RuntimeError(
                    .driver, "\"\(bridge.name)\" is no name of a bridge: it should have 1 to 15 letters and digits")
            }
            guard PacketFilterSurroundings.isIPv4Address(bridge.gateway) else {
                throw RuntimeError(
                    .driver,
                    "the gateway of bridge \(bridge.name) is \"\(bridge.gateway)\": it should be an address of IPv4")
            }
            guard bridge.port.map((1...65_535).contains) ?? true else {
                throw RuntimeError(
                    .driver,
                    "the gateway of bridge \(bridge.name) has port \(bridge.port ?? 0): it should be 1 to 65535")
            }
        }
        table = "lever_\(id)"
        self.bridges = bridges
        self.surroundings = surroundings
        self.neighbours = neighbours
    }

    /// The rules, which replace earlier ones.
    var text: String {
        let gateways = bridges.compactMap { bridge in
            bridge.port.map { "\"\(bridge.name)\" . \(bridge.gateway) . \($0)" }
        }
        let doors = bridges.compactMap { bridge in bridge.port.map { "\(bridge.gateway) . \($0)" } }
        var text =
            Self.removal(of: table, families: families) + """
                table inet \(table) {
                \(set("bridges", "ifname", bridges.map { "\"\($0.name)\"" }))
                \(set("closed", "ifname", bridges.filter { !$0.hasInternet }.map { "\"\($0.name)\"" }))
                \(set("gateways", "ifname . ipv4_addr . inet_service", gateways))
                \(set("doors", "ipv4_addr . inet_service", doors))
                \(set("uplinks", "ifname", surroundings.uplinks.map { "\"\($0)\"" }))
                \(set("resolvers", "ipv4_addr", surroundings.resolvers))
                chain input {
                    type filter hook input priority filter - 10; policy accept
                    iifname != @bridges ip daddr . tcp dport @doors drop
                    iifname != @bridges accept
                    ct state established,related accept
                    iifname . ip daddr . tcp dport @gateways accept
                    drop
                }
                chain forward {
                    type filter hook forward priority filter - 10; policy accept
                    iifname @bridges jump outbound
                    oifname @bridges ct state established,related accept
                    oifname @bridges drop
                }
                chain outbound {
                    oifname @bridges drop
                    ct state established,related accept
                    iifname @closed drop
                    ct status dnat drop
                    oifname != @uplinks meta oifkind "bridge" drop
                    ip daddr @resolvers meta l4proto { tcp, udp } th dport 53 accept
                    ip daddr 169.254.0.0/16 drop
                    ip6 daddr { fe80::/10, fd00:ec2::254 } drop
                }
                }

                """
        if neighbours == .bridgeFamily {
            text += """
                table bridge \(table) {
                \(set("bridges", "ifname", bridges.map { "\"\($0.name)\"" }))
                chain forward {
                    type filter hook forward priority 0; policy accept
                    meta ibrname @bridges drop
                }
                }

                """
        }
        return text
    }

    /// What removes a host's rules, whether there are any or not.
    var removal: String { Self.removal(of: table, families: families) }

    /// The families that have a table.
    var families: [String] { neighbours == .bridgeFamily ? ["inet", "bridge"] : ["inet"] }

    /// To remove what is not there is an error, to add what is there is none.
    private static func removal(of table: String, families: [String]) -> String {
        families.map { "table \($0) \(table)\ndelete table \($0) \(table)\n" }.joined()
    }

    private func set(_ name: String, _ type: String, _ elements: [String]) -> String {
        let content = elements.isEmpty ? "" : "\n    elements = { \(elements.joined(separator: ", ")) }"
        return "set \(name) {\n    type \(type)\(content)\n}"
    }
}
