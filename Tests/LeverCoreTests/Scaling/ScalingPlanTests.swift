import LeverCore
import Testing

@Suite("What a directive moves")
struct ScalingPlanTests {
    private func instance(
        _ id: String, _ state: InstanceState, calls: Int = 0, resources: Int = 0, mayReturn: Bool = true
    ) -> ScalingSample.Instance {
        .init(id: InstanceID(id), state: state, calls: calls, resources: resources, mayReturn: mayReturn)
    }

    private func plan(_ desired: Int, _ instances: [ScalingSample.Instance]) -> ScalingPlan {
        ScalingPlan(ScalingDirective(desired: desired, reason: ""), instances: instances)
    }

    @Test("those leave first that start, then those with the fewest resources, then calls, then the youngest")
    func leaving() {
        let instances = [
            instance("old", .ready), instance("busy", .ready, calls: 9), instance("holder", .ready, resources: 2),
            instance("keeper", .ready, calls: 1, resources: 7), instance("young", .ready), instance("new", .starting),
            instance("gone", .draining), instance("dying", .stopping),
        ]
        #expect(plan(6, instances).isEmpty)
        let order = ["new", "young", "old", "busy", "holder", "keeper"].map(InstanceID.init)
        for count in 0...6 {
            #expect(plan(6 - count, instances).drain == Array(order.prefix(count)))
            #expect(plan(6 - count, instances).start == 0)
        }
        #expect(plan(-3, instances).drain == order)
    }

    @Test("those that drain come back before new ones start, those first that would be missed most")
    func returning() {
        let instances = [
            instance("empty", .draining), instance("calls", .draining, calls: 3),
            instance("sick", .draining, calls: 9, mayReturn: false),
            instance("holder", .draining, resources: 1), instance("ready", .ready), instance("dying", .stopping),
        ]
        #expect(plan(1, instances).isEmpty)
        #expect(plan(2, instances).undrain == [InstanceID("holder")])
        #expect(plan(2, instances).start == 0)
        let all = plan(10, instances)
        #expect(all.undrain == ["holder", "calls", "empty"].map(InstanceID.init))
        #expect(all.start == 6)
        #expect(all.drain.isEmpty)
    }

    @Test("nothing from nothing")
    func empty() {
        #expect(plan(0, []).isEmpty)
        #expect(plan(2, []).start == 2)
        #expect(ScaleDownChoice.leaving(0, of: [instance("a", .ready)]).isEmpty)
        #expect(ScaleDownChoice.returning(-1, of: [instance("a", .draining)]).isEmpty)
    }

    @Test("a load is divided among instances, rounded up, within the bounds")
    func bounds() throws {
        let bounds = ScalingBounds(maxInstanceLoad: 10, minInstances: 2, maxInstances: 5)
        let counts: [(Double, Int)] = [
            (-1, 0), (0, 0), (0.001, 1), (10, 1), (10.001, 2), (49, 5), (51, 5), (.infinity, 5), (.nan, 0), (1e300, 5),
        ]
        for (load, count) in counts { #expect(bounds.instances(for: load) == count, "\(load)") }
        #expect(bounds.instances(for: 10, share: 0.9) == 2)
        #expect([-1, 0, 2, 3, 5, 6].map(bounds.clamped) == [2, 2, 2, 3, 5, 5])
        let text = #"{"name": "abc", "maxInstanceLoad": 3, "minInstances": 1, "maxInstances": 4, "channelLoad": 0.5}"#
        let manifest = try Manifest.parse(Array(text.utf8)).manifest
        #expect(
            ScalingBounds(manifest)
                == ScalingBounds(maxInstanceLoad: 3, minInstances: 1, maxInstances: 4, channelLoad: 0.5))
        #expect(ScalingBounds(Manifest(name: try ServiceName("abc"))) == ScalingBounds())
    }

    @Test("a sample's load counts channels at their weight")
    func load() {
        var sample = ScalingSample(at: .now, interval: .seconds(1), calls: 3, channels: 200)
        #expect(sample.load == 5)
        sample.bounds.channelLoad = 0
        #expect(sample.load == 3 && !sample.isIdle)
        sample.calls = 0
        #expect(sample.load == 0 && !sample.isIdle)
        sample.channels = 0
        #expect(sample.isIdle)
        sample.waiting = 1
        #expect(!sample.isIdle)
    }
}
