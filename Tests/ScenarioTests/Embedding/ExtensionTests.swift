import LeverClient
import LeverCore
import LeverRuntime
import Synchronization
import Testing

/// Parts that a program brings to its host.
@Suite("Parts of a program's own", .timeLimit(.minutes(2))) struct ExtensionTests {
    /// Wants a fixed number of instances.
    private struct Fixed: ScalingPolicy {
        let count: Int

        func decide(_ sample: ScalingSample) -> ScalingDirective {
            ScalingDirective(desired: sample.bounds.clamped(count), reason: "it is fixed")
        }
    }

    /// Takes the last one, and counts how often it was asked.
    private final class Last: LoadBalancer, ResourcePlacement {
        let picks = Atomic(0)
        let places = Mutex<[String]>([])

        func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int {
            picks.add(1, ordering: .relaxed)
            return count - 1
        }

        func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int {
            places.withLock { $0.append(resource.rawValue) }
            return candidates.count - 1
        }
    }

    private static let script = """
        exports.Where = async () => process.env.LEVEROS_INSTANCE_ID;
        exports.Who = async (room) => process.env.LEVEROS_INSTANCE_ID;
        """

    @Test func decideInPlaceOfTheHostsOwn() async throws {
        let last = Last()
        let asked = Mutex<Set<ServiceID>>([])
        var extensions = LeverHost.Extensions()
        extensions.balancer = last
        extensions.placement = last
        extensions.catalog = InMemoryCatalog()
        extensions.makePolicy = { service in
            asked.withLock { _ = $0.insert(service) }
            return Fixed(count: 3)
        }
        try await EmbeddedHost.with(extensions: extensions) { host in
            let hello = ServiceID(environment: .default, service: try ServiceName("hello"))
            _ = try await host.deploy(Self.script)
            try await wait("three instances are ready") {
                try await host.client.admin().instances(of: hello).count { $0.state == "ready" } == 3
            }
            var places: Set<LeverValue> = []
            for _ in 0..<10 { places.insert(try await host.call("Where")) }
            #expect(places.count == 1, "the balancer always takes the last one")
            #expect(last.picks.load(ordering: .relaxed) >= 10)
            var rooms: Set<LeverValue> = []
            for room in 0..<5 { rooms.insert(try await host.call("room-\(room)/Who")) }
            #expect(rooms.count == 1)
            #expect(last.places.withLock { $0 } == (0..<5).map { "room-\($0)" })
            #expect(asked.withLock { $0 } == [hello])
        }
        #expect(try await extensions.catalog?.services().map(\.id.service.rawValue) == ["hello"])
    }
}
