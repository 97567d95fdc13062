import LeverCore
import Testing

@Suite("Which instances of an earlier run go on") struct AdoptionPlanTests {
    private let first = InstanceID("hello-1-1-1")
    private let second = InstanceID("hello-1-1-2")

    private func resource(_ name: String, _ counter: UInt32, term: UInt32 = 1) -> InstanceHoldings.Resource {
        InstanceHoldings.Resource(ResourceID(name), Epoch(term: term, counter: counter))
    }

    @Test func thoseThatShareNothingDo() {
        let one = InstanceHoldings(instance: first, held: [resource("a", 1)], unsettled: [resource("b", 2)])
        let other = InstanceHoldings(instance: second, held: [resource("c", 3)])
        let plan = AdoptionPlan([(first, one), (second, other)], term: 2)
        #expect(plan.adopted == [one, other])
        #expect(plan.refused.isEmpty)
    }

    @Test(arguments: [0, 1, 2])
    func ofTwoThatHaveOneResourceNoneDoes(kind: Int) {
        let third = InstanceID("hello-1-1-3")
        let shared = [resource("a", 7)]
        let one = InstanceHoldings(
            instance: first, held: kind == 2 ? [] : [resource("a", 1)], unsettled: kind == 2 ? [resource("a", 1)] : [])
        let other = InstanceHoldings(
            instance: second, held: kind == 1 ? [] : shared, unsettled: kind == 1 ? shared : [])
        let unharmed = InstanceHoldings(instance: third, held: [resource("b", 3)])
        let plan = AdoptionPlan([(first, one), (third, unharmed), (second, other)], term: 2)
        #expect(plan.adopted == [unharmed])
        #expect(plan.refused[first] == "resource \"a\" is on instance \(second), too")
        #expect(plan.refused[second] == "resource \"a\" is on instance \(first), too")
    }

    @Test func thoseThatSayWhatCannotBeDoNot() {
        let twice = InstanceHoldings(instance: first, held: [resource("a", 1)], unsettled: [resource("a", 1)])
        #expect(AdoptionPlan([(first, twice)], term: 2).refused[first] == "resource \"a\" is on it twice")
        let other = InstanceHoldings(instance: second)
        #expect(AdoptionPlan([(first, other)], term: 2).refused[first] == "it calls itself \"hello-1-1-2\"")
        let early = InstanceHoldings(instance: first, unsettled: [resource("a", 1, term: 2)])
        #expect(AdoptionPlan([(first, early)], term: 2).refused[first]?.contains("no earlier run") == true)
        #expect(AdoptionPlan([(first, early)], term: 3).adopted == [early])
    }

    @Test func theAnswerIsReadAsItIsWritten() throws {
        let holdings = InstanceHoldings(
            instance: first, held: [resource("a/b", 1), resource("é", .max, term: (1 << 21) - 1)],
            unsettled: [resource("c", 2)])
        let value = holdings.value
        #expect(try InstanceHoldings(value) == holdings)
        #expect(value["held"]?[0] == ["a/b", 4_294_967_297])
        for (name, wrong): (String, LeverValue) in [
            ("instance", 1), ("held", nil), ("held", ["a"]), ("held", [["a"]]), ("held", [["", 1]]),
            ("unsettled", [["a", -1]]), ("unsettled", [["a", 0.5]]), ("held", [["a", 1e300]]), ("held", [[1, 1]]),
            ("held", [["a", 9_007_199_254_740_992]]),
        ] {
            var changed = value
            changed[name] = wrong
            let error = #expect(throws: RuntimeError.self) { try InstanceHoldings(changed) }
            #expect(error?.message.hasPrefix("\(name)") == true, "\(error?.message ?? "")")
        }
        #expect(throws: RuntimeError.self) { try InstanceHoldings("no") }
    }

    @Test func onlyAHostCanNameTheMethod() throws {
        #expect(throws: RPCError.self) { try LeverURL("lever://dev.lever/hello//_Adopt") }
        let url = try LeverURL(ofHost: "lever://dev.lever/hello//_Adopt")
        #expect(url.method == .adopt && url.resource.isEmpty)
        #expect(throws: RPCError.self) { try LeverURL(ofHost: "lever://dev.lever/hello//_Other") }
    }
}
