import DockerTestSupport
import LeverCore
import Testing

@testable import LeverDocker

/// What packets do, seen from inside: in network namespaces, without an engine.
@Suite(
    "The packet filter", .timeLimit(.minutes(2)),
    .enabled(if: PacketWorld.absence == nil, Comment(rawValue: PacketWorld.absence ?? "")))
struct PacketFilterTests {
    /// All that a container on the bridge `lvone` knows and must not reach.
    static let forbidden: Set = [
        // The machine: other ports of its own bridge's address, and every port of every other address.
        "tcp:10.77.1.1:22", "udp:10.77.1.1:53", "tcp:10.77.2.1:4000", "tcp:10.77.2.1:22", "tcp:10.77.3.1:4000",
        "tcp:10.77.9.1:22", "tcp:203.0.113.1:22", "tcp:203.0.113.1:4000", "tcp:fd77:1::1:4000", "tcp:fd77:1::1:22",
        "tcp:fd77:2::1:22",
        // A port that another container publishes, and that container itself.
        "tcp:203.0.113.1:8081", "tcp:10.77.1.1:8081", "tcp:10.77.9.2:80",
        // Its neighbour, and the container of another environment.
        "tcp:10.77.1.3:80", "tcp:fd77:1::3:80", "tcp:10.77.2.2:80", "tcp:10.77.3.2:80",
        // A cloud's metadata.
        "tcp:169.254.169.254:80", "udp:169.254.169.254:53", "tcp:169.254.169.253:80",
    ]
    /// What it may reach: its gateway, the internet, and the machine's name server.
    static let allowed: Set = [
        "tcp:10.77.1.1:4000", "tcp:198.51.100.7:80", "udp:198.51.100.7:53", "udp:169.254.169.253:53",
    ]

    @Test func containersReachTheirGatewayAndTheWorldAndNothingElse() async throws {
        try await PacketWorld.with { world in
            let all = Self.forbidden.union(Self.allowed)
            // Without the filter there is nothing that they would not reach: the probes can fail.
            #expect(all.subtracting(try await world.reached(from: "a", all.sorted())) == [])
            try await world.filter.set(PacketWorld.bridges)
            #expect(try await world.reached(from: "a", all.sorted()) == Self.allowed)
            await world.filter.remove()
            #expect(all.subtracting(try await world.reached(from: "a", all.sorted())) == [])
        }
    }

    @Test func nothingNewComesInButTheHostsOwnCalls() async throws {
        try await PacketWorld.with { world in
            let containers = ["tcp:10.77.1.2:80", "tcp:10.77.2.2:80", "tcp:10.77.3.2:80"]
            #expect(try await world.reached(from: "world", containers) == Set(containers))
            #expect(try await world.reached(from: "e", containers) == Set(containers))
            try await world.filter.set(PacketWorld.bridges)
            #expect(try await world.reached(from: "world", containers) == [])
            #expect(try await world.reached(from: "e", containers) == [])
            #expect(try await world.reached(from: "host", containers) == Set(containers))
            // What is none of the host's stays as it was.
            let others = ["tcp:203.0.113.1:22", "tcp:203.0.113.1:8081"]
            #expect(try await world.reached(from: "world", others) == Set(others))
            #expect(try await world.reached(from: "e", ["tcp:198.51.100.7:80", "tcp:10.77.9.1:22"]).count == 2)
        }
    }

    @Test func gatewayIsReachedFromItsOwnBridgeOnly() async throws {
        try await PacketWorld.with { world in
            let door: Set = ["tcp:10.77.1.1:4000"]
            let others = ["host", "world", "e"]
            for place in others { #expect(try await world.reached(from: place, door.sorted()) == door, "\(place)") }
            try await world.filter.set(PacketWorld.bridges)
            for place in others { #expect(try await world.reached(from: place, door.sorted()) == [], "\(place)") }
            #expect(try await world.reached(from: "a", door.sorted()) == door)
            // The other ports of the address are this machine's own affair.
            #expect(try await world.reached(from: "host", ["tcp:10.77.1.1:22"]).count == 1)
        }
    }

    @Test func bridgeWithoutInternetHasItsGatewayOnly() async throws {
        try await PacketWorld.with { world in
            let targets = ["tcp:10.77.3.1:4000", "tcp:198.51.100.7:80", "udp:169.254.169.253:53", "tcp:10.77.1.2:80"]
            #expect(try await world.reached(from: "d", targets) == Set(targets))
            try await world.filter.set(PacketWorld.bridges)
            #expect(try await world.reached(from: "d", targets) == ["tcp:10.77.3.1:4000"])
        }
    }

    @Test func wayOutMayBeABridge() async throws {
        try await PacketWorld.with { world in
            for words in [
                "ip link add br0 type bridge", "ip address del 203.0.113.1/24 dev uplink",
                "ip link set uplink master br0", "ip address add 203.0.113.1/24 dev br0", "ip link set br0 up",
                "ip route add default via 203.0.113.2",
            ] { try await world.host(words.split(separator: " ").map(String.init)) }
            let targets = ["tcp:198.51.100.7:80", "tcp:10.77.9.2:80"]
            let ignorant = PacketWorld.filter(of: world.prefix, id: "test", uplinks: [])
            try await ignorant.set(PacketWorld.bridges)
            #expect(try await world.reached(from: "a", targets) == [])
            try await PacketWorld.filter(of: world.prefix, id: "test", uplinks: ["br0"]).set(PacketWorld.bridges)
            #expect(try await world.reached(from: "a", targets) == ["tcp:198.51.100.7:80"])
        }
    }

    @Test func bridgesComeAndGoAndGatewaysMove() async throws {
        try await PacketWorld.with { world in
            let targets = ["tcp:10.77.1.1:4000", "tcp:10.77.1.1:22", "tcp:10.77.2.2:80"]
            let other = ["tcp:10.77.2.1:4000", "tcp:10.77.2.1:22"]
            // Before the bridge exists, as for one that is about to be made.
            try await world.filter.set([
                .init(name: "lvone", gateway: "10.77.1.1", port: 4000),
                .init(name: "later", gateway: "10.1.2.3", port: 1),
            ])
            #expect(try await world.reached(from: "a", targets) == ["tcp:10.77.1.1:4000"])
            #expect(try await world.reached(from: "c", other) == Set(other))
            try await world.filter.set([
                .init(name: "lvone", gateway: "10.77.1.1", port: 22),
                .init(name: "lvtwo", gateway: "10.77.2.1", port: nil),
            ])
            #expect(try await world.reached(from: "a", targets) == ["tcp:10.77.1.1:22"])
            #expect(try await world.reached(from: "c", other) == [])
            try await world.filter.set([])
            #expect(try await world.reached(from: "a", targets) == Set(targets))
        }
    }

    @Test func rulesOfOneDirectoryAreReplacedAndOthersAreLeftAlone() async throws {
        try await PacketWorld.with { world in
            // A host that was killed has left its rules: nothing of it takes them away.
            try await world.filter.set(PacketWorld.bridges)
            let other = PacketWorld.filter(of: world.prefix, id: "other")
            try await other.set([PacketWorld.bridges[1]])
            let next = PacketWorld.filter(of: world.prefix, id: "test")
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:22"]) == [])
            try await next.set([PacketWorld.bridges[0]])
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:22", "tcp:10.77.1.1:4000"]).count == 1)
            await next.remove()
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:22", "tcp:10.77.1.1:4000"]).count == 2)
            #expect(try await world.reached(from: "c", ["tcp:10.77.2.1:22", "tcp:10.77.2.1:4000"]).count == 1)
            await other.remove()
            #expect(try await world.tables == ["table ip published"])
            // What is not there can be removed.
            await other.remove()
            #expect(try await world.tables == ["table ip published"])
        }
    }

    @Test func rulesThatAnotherProgramRemovedComeBack() async throws {
        try await PacketWorld.with { world in
            #expect(try await !world.filter.restore(), "there is nothing to restore")
            try await world.filter.set(PacketWorld.bridges)
            #expect(try await !world.filter.restore())
            try await world.host(["nft", "flush", "ruleset"])
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:22"]).count == 1)
            #expect(try await world.filter.restore())
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:22"]) == [])
        }
    }

    @Test func theLastOfManyIsTheOneThatStands() async throws {
        try await PacketWorld.with { world in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try await world.filter.set([PacketWorld.bridges.randomElement()!]) } }
                try await group.waitForAll()
            }
            try await world.filter.set(PacketWorld.bridges)
            #expect(try await world.reached(from: "a", ["tcp:10.77.1.1:4000", "tcp:10.77.1.1:22"]).count == 1)
        }
    }

    @Test func whereItCannotWorkItSaysWhatToDo() async throws {
        try await PacketWorld.with { world in
            try await world.filter.check()
            #expect(try await world.tables == ["table ip published"], "to check changes nothing")

            let missing = await #expect(throws: RuntimeError.self) {
                try await PacketWorld.filter(of: world.prefix, id: "x", nft: "nft-of-nobody").check()
            }
            // `ip netns exec` is what does not find it here.
            #expect(missing?.message.contains("--allow-weak-isolation") == true, "\(missing?.message ?? "")")
            let forbidden = await #expect(throws: RuntimeError.self) {
                try await PacketWorld.filter(
                    of: world.prefix, id: "x", program: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
                ).check()
            }
            for word in ["CAP_NET_ADMIN", "--allow-weak-isolation"] {
                #expect(forbidden?.message.contains(word) == true, "\(forbidden?.message ?? "")")
            }
            try await world.filter.confirm("lvone")
            let elsewhere = await #expect(throws: RuntimeError.self) { try await world.filter.confirm("uplink") }
            #expect(elsewhere?.message.contains("bridge uplink is not in this host's network") == true)
        }
    }

    @Test func programThatIsNotInstalledIsNamed() async throws {
        let program = PacketFilterProgram(nft: "nft-of-nobody")
        let error = await #expect(throws: RuntimeError.self) { try await program.apply("", onlyCheck: true) }
        for word in ["nft-of-nobody", "install nftables", "--allow-weak-isolation"] {
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        }
    }

    @Test func neighboursAreKeptApartOrItIsSaidThatTheyCannotBe() async throws {
        try await PacketWorld.with { world in
            // Where the kernel knows the bridge of a packet it needs no br_netfilter; where it does not, it does.
            try await world.host(["sh", "-c", "echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables"])
            do {
                try await world.filter.set(PacketWorld.bridges)
                #expect(try await world.reached(from: "a", ["tcp:10.77.1.3:80"]) == [])
            } catch let error as RuntimeError {
                #expect(error.message.contains("br_netfilter"), "\(error)")
                #expect(try await world.tables == ["table ip published"])
            }
        }
    }
}
