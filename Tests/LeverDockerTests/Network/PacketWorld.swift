import DockerTestSupport
import Foundation
import Logging
import Testing

@testable import LeverDocker

/// A machine with containers in network namespaces, as `Programs/world.sh` makes it, with a packet filter for the machine.
struct PacketWorld: Sendable {
    let prefix: String
    let filter: PacketFilter

    /// Why there can be none; `nil` where there can.
    static let absence: String? = {
        guard geteuid() == 0 else { return "network namespaces need root" }
        for program in ["ip", "nft", "node"]
        where !["/usr/sbin", "/usr/bin", "/sbin", "/usr/local/bin"].contains(where: {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }) {
            return "there is no program \(program)"
        }
        return nil
    }()

    /// The folder of the tests' programs.
    static let programs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Programs").path

    /// The bridges of the world's environments.
    static let bridges = [
        PacketFilter.Bridge(name: "lvone", gateway: "10.77.1.1", port: 4000),
        PacketFilter.Bridge(name: "lvtwo", gateway: "10.77.2.1", port: 4000),
        PacketFilter.Bridge(name: "lvshut", gateway: "10.77.3.1", port: 4000, hasInternet: false),
    ]

    /// Runs a test in a world of its own.
    static func with(_ body: @escaping @Sendable (PacketWorld) async throws -> Void) async throws {
        let prefix = "lever\(Int.random(in: 0..<100_000))"
        let world = PacketWorld(
            prefix: prefix,
            filter: filter(of: prefix, id: "test"))
        try await Program.whileRunning("\(programs)/world.sh", [prefix]) { try await body(world) }
    }

    /// Another filter of the same machine.
    static func filter(
        of prefix: String, id: String, program: [String] = [], nft: String = "nft", uplinks: [String] = ["uplink"]
    ) -> PacketFilter {
        PacketFilter(
            id: id, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            program: PacketFilterProgram(prefix: ["ip", "netns", "exec", "\(prefix)host"] + program, nft: nft),
            surroundings: { PacketFilterSurroundings(uplinks: uplinks, resolvers: ["169.254.169.253"]) })
    }

    /// Which of the targets (`tcp:<address>:<port>`) answer to one of the world's namespaces, refusals included.
    func reached(from name: String, _ targets: [String]) async throws -> Set<String> {
        let ended = try await host(["node", "\(Self.programs)/probe.js", "1000"] + targets, in: name)
        return Set(try JSONDecoder().decode([String].self, from: Data(ended.utf8)))
    }

    /// Runs a program in a namespace; gives what it printed.
    @discardableResult
    func host(_ words: [String], in name: String = "host") async throws -> String {
        let ended = try await Program.run("ip", ["netns", "exec", "\(prefix)\(name)"] + words)
        try #require(ended.isSuccess, "\(words): \(ended.error)")
        return ended.output
    }

    /// The tables of the machine.
    var tables: [String] {
        get async throws { try await host(["nft", "list", "tables"]).split(separator: "\n").map(String.init) }
    }
}
