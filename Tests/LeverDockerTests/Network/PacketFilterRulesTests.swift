import LeverCore
import Testing

@testable import LeverDocker

@Suite("What the packet filter is made of") struct PacketFilterRulesTests {
    @Test(arguments: [
        (PacketFilter.Bridge(name: "lv\" drop", gateway: "10.0.0.1", port: 1), "lv\" drop"),
        (.init(name: "a-name-too-long-for-a-device", gateway: "10.0.0.1", port: 1), "a-name-too-long"),
        (.init(name: "", gateway: "10.0.0.1", port: 1), "\"\""),
        (.init(name: "lv1", gateway: "10.0.0.1 accept", port: 1), "10.0.0.1 accept"),
        (.init(name: "lv1", gateway: "10.0.0.256", port: 1), "10.0.0.256"),
        (.init(name: "lv1", gateway: "fd00::1", port: 1), "fd00::1"),
        (.init(name: "lv1", gateway: "10.0.0.1", port: 0), "port 0"),
        (.init(name: "lv1", gateway: "10.0.0.1", port: 65_536), "65536"),
    ])
    func whatAnEngineSaysIsNotTakenIntoRulesUnseen(bridge: PacketFilter.Bridge, word: String) {
        let error = #expect(throws: RuntimeError.self) {
            try PacketFilterRules(
                id: "x", bridges: [bridge], surroundings: PacketFilterSurroundings(), neighbours: .bridgeFamily)
        }
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test func surroundingsAreReadFromTheSystemsFiles() {
        let surroundings = PacketFilterSurroundings(
            routes: """
                Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
                br0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
                eth1	00000000	010200C0	0003	0	0	100	00000000	0	0	0
                br0	00000000	010200C1	0003	0	0	200	00000000	0	0	0
                docker0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
                """,
            resolverConfiguration: """
                # nameserver 169.254.1.1
                search example.com
                nameserver 169.254.169.254
                nameserver 10.0.0.2
                nameserver\t169.254.1.2
                nameserver 169.254.nonsense
                """)
        #expect(surroundings.uplinks == ["br0", "eth1"])
        #expect(surroundings.resolvers == ["169.254.169.254", "169.254.1.2"])
        #expect(PacketFilterSurroundings(routes: "", resolverConfiguration: "") == PacketFilterSurroundings())
    }
}
