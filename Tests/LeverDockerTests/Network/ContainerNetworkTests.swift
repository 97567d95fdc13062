import DockerTestSupport
import Foundation
import LeverCore
import Logging
import Testing

@testable import LeverDocker

/// The same from inside real containers, on networks that an engine makes with rules of its own.
@Suite(
    "The packet filter beside an engine's", .timeLimit(.minutes(3)),
    .enabled(if: DockerTestEngine.current != nil, Comment(rawValue: DockerTestEngine.absence)),
    .enabled(if: PacketWorld.absence == nil, Comment(rawValue: PacketWorld.absence ?? "")))
struct ContainerNetworkTests {
    @Test func containersReachTheirGatewayAndTheWorldAndNothingElse() async throws {
        try await Containers.with { containers in
            let one = try await containers.network("one", bridge: "lvt1")
            let two = try await containers.network("two", bridge: "lvt2")
            let shut = try await containers.network("shut", bridge: "lvt3", isInternal: true)
            let apart = try await containers.network("apart")
            let neighbour = try await containers.server(on: "one", named: "neighbour")
            let stranger = try await containers.server(on: "two")
            let published = try await containers.server(on: "apart", publishing: true)
            let port = try #require(published.port)
            let world = try await containers.world()

            let allowed: Set = ["tcp:\(one):4000", "tcp:\(world.address):80", "name:neighbour"]
            let open: Set = [
                "tcp:\(one):22", "tcp:\(two):4000", "tcp:\(two):22", "tcp:\(apart):22", "tcp:\(world.host):22",
                "tcp:\(world.host):\(port)", "tcp:\(one):\(port)", "tcp:\(neighbour.address):80",
                "tcp:169.254.169.254:80",
            ]
            // These an engine keeps apart itself; our rules do not rely on it.
            let closed: Set = ["tcp:\(stranger.address):80", "tcp:\(published.address):80"]
            let all = allowed.union(open).union(closed).sorted()
            let before = try await containers.reached(from: "one", all)
            #expect(allowed.union(open).subtracting(before) == [], "what is open without a filter")

            let filter = PacketFilter(
                id: "test\(containers.mark)", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            do {
                try await filter.set([
                    .init(name: "lvt1", gateway: one, port: 4000), .init(name: "lvt2", gateway: two, port: 4000),
                    .init(name: "lvt3", gateway: shut, port: 4000, hasInternet: false),
                ])
                try await filter.confirm("lvt1")
                #expect(try await containers.reached(from: "one", all) == allowed)
                #expect(
                    try await containers.reached(
                        from: "shut", ["tcp:\(shut):4000", "tcp:\(shut):22", "tcp:\(one):4000"])
                        == ["tcp:\(shut):4000"])
                // The host calls its instances, and whoever publishes a port is still reached.
                let probe = ["\(PacketWorld.programs)/probe.js", "1000"]
                let own = try await Program.run(
                    "node", probe + ["tcp:\(neighbour.address):80", "tcp:\(stranger.address):80"])
                #expect(own.output.contains(neighbour.address) && own.output.contains(stranger.address))
                #expect(
                    try await containers.reached(fromWorld: [
                        "tcp:\(world.host):\(port)", "tcp:\(neighbour.address):80",
                    ])
                        == ["tcp:\(world.host):\(port)"])
            } catch {
                await filter.remove()
                throw error
            }
            await filter.remove()
            #expect(try await containers.reached(from: "one", all) == before)
        }
    }
}
