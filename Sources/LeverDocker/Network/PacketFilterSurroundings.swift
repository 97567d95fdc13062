#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// What the packet filter has to know of the machine: how it reaches the world.
struct PacketFilterSurroundings: Sendable, Equatable {
    /// The devices that the machine's default routes lead through: where such a one is a bridge, it is the way out, not a
    /// neighbour's network.
    var uplinks: [String] = []
    /// The machine's name servers at link-local addresses, as some clouds have them: names are asked for there, nothing else.
    var resolvers: [String] = []

    /// What `/proc/net/route` and `/etc/resolv.conf` say at this moment.
    static var current: PacketFilterSurroundings {
        func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        return PacketFilterSurroundings(
            routes: text("/proc/self/net/route"), resolverConfiguration: text("/etc/resolv.conf"))
    }

    /// Makes it of parts.
    init(uplinks: [String] = [], resolvers: [String] = []) {
        self.uplinks = uplinks
        self.resolvers = resolvers
    }

    /// Reads it out of the texts of the two files.
    init(routes: String, resolverConfiguration: String) {
        for line in routes.split(separator: "\n").dropFirst() {
            // Device, destination, gateway, flags, counters, metric, mask.
            let fields = line.split(whereSeparator: \.isWhitespace)
            guard fields.count > 7, fields[1] == "00000000", fields[7] == "00000000",
                fields[0].wholeMatch(of: /[A-Za-z0-9_.-]{1,15}/) != nil
            else { continue }
            if !uplinks.contains(String(fields[0])) { uplinks.append(String(fields[0])) }
        }
        for line in resolverConfiguration.split(separator: "\n") {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard words.first == "nameserver", words.count > 1, words[1].hasPrefix("169.254."),
                Self.isIPv4Address(String(words[1]))
            else { continue }
            if !resolvers.contains(String(words[1])) { resolvers.append(String(words[1])) }
        }
    }

    /// Whether a text is four numbers below 256 with points between them.
    static func isIPv4Address(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.allSatisfy(\.isASCII) && part.allSatisfy(\.isNumber)
                    && UInt8(part) != nil
            }
    }
}
