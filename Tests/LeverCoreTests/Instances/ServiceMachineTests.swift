import LeverCore
import Testing

@Suite("Instances and resources together") struct ServiceMachineTests {
    @Test func retiredInstanceThatLeftForWantOfCallsGivesItsResourcesUpInTime() {
        var now = ContinuousClock.now
        let room = ResourceID("room")
        let id = InstanceID("i-1")
        var machine = ServiceMachine(
            instances: ServiceController(service: .admin, live: .init(version: 1), idPrefix: "i"),
            resources: ResourceDirectory(service: .admin, liveVersion: 1, epochs: EpochGenerator(term: 1)))
        let epoch = Epoch(term: 1, counter: 1)
        _ = machine.handle(.resources(.callsWaiting(room)), at: now)
        _ = machine.handle(.instances(.ready(id, holdsPort: false)), at: now)
        _ = machine.handle(.resources(.opened(room, epoch)), at: now)

        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.drain = [id]
        _ = machine.handle(.instances(.scale(plan)), at: now)
        _ = machine.handle(.resources(.busy(room, epoch)), at: now)
        now += .seconds(60)
        let closing = ServiceMachine.Action.resources(.closeGate(room, epoch, .now))
        #expect(!machine.handle(.resources(.timer), at: now).contains(closing), "scale-down has no limit")

        _ = machine.handle(.instances(.retire(id)), at: now)
        now += .seconds(10)
        #expect(machine.handle(.resources(.timer), at: now).contains(closing))
    }
}
