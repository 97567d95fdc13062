import LeverCore
import Testing

@Suite("Adopting an instance") struct AdoptionTests {
    private static let id = InstanceID("hello-1-1-1")
    private let room = ResourceID("room")
    private let old = Epoch(term: 1, counter: 5)

    private func machine(term: UInt32 = 2) -> ServiceMachine {
        ServiceMachine(
            instances: ServiceController(service: .admin, live: .init(version: 3), idPrefix: "hello-2-1"),
            resources: ResourceDirectory(service: .admin, liveVersion: 3, epochs: EpochGenerator(term: term)))
    }

    /// What is to be done, the wishes for timers left out.
    private func actions(_ actions: [ServiceMachine.Action]) -> [ServiceMachine.Action] {
        actions.filter {
            switch $0 {
            case .instances(.wake), .resources(.wake): false
            default: true
            }
        }
    }

    private func adopt(
        held: [String] = [], unsettled: [String] = [], _ machine: inout ServiceMachine
    ) -> [ServiceMachine.Action] {
        let list = { (names: [String]) in names.map { InstanceHoldings.Resource(ResourceID($0), old) } }
        let holdings = InstanceHoldings(instance: Self.id, held: list(held), unsettled: list(unsettled))
        return actions(
            machine.handle(.instances(.adopted(Self.id)), at: .now)
                + machine.handle(.resources(.adopted(Self.id, holdings)), at: .now))
    }

    @Test func itIsReadyWithWhatItHolds() {
        var machine = machine()
        let done = adopt(held: ["room"], &machine)
        #expect(
            done == [
                .instances(.publish),
                .resources(.activate(room, Activation(instance: Self.id, epoch: old))),
            ])
        #expect(machine.instances.readyInstances.map(\.id) == [Self.id])
        #expect(machine.instances.readyInstances.first?.version == 3)
        #expect(machine.resources.standing(of: room)?.phase == .active)
        // Calls find it, and start nothing.
        #expect(actions(machine.handle(.instances(.callsWaiting), at: .now)) == [.instances(.publish)])
    }

    @Test func laterActivationsHaveHigherEpochs() throws {
        var machine = machine()
        _ = adopt(held: ["room"], &machine)
        let other = ResourceID("other")
        let done = actions(machine.handle(.resources(.callsWaiting(other)), at: .now))
        guard case .resources(.sendNewResource(other, let activation)) = try #require(done.first) else {
            Issue.record("\(done)")
            return
        }
        #expect(activation.instance == Self.id && activation.epoch > old)
    }

    @Test func whatWasOnItsWayIsClosedBeforeAnybodyTakesIt() {
        var machine = machine()
        let activation = Activation(instance: Self.id, epoch: old)
        #expect(
            adopt(unsettled: ["room"], &machine) == [
                .instances(.publish), .resources(.sendCloseResource(room, activation)),
            ])
        #expect(actions(machine.handle(.resources(.callsWaiting(room)), at: .now)) == [])
        let next = Activation(instance: Self.id, epoch: Epoch(term: 2, counter: 1))
        #expect(
            actions(machine.handle(.resources(.closeAnswered(room, old)), at: .now)) == [
                .resources(.forget(room, old)), .resources(.sendNewResource(room, next)),
            ])
    }

    @Test func whoeverDoesNotLetGoOfItIsReplaced() {
        var machine = machine()
        var now = ContinuousClock.now
        _ = adopt(unsettled: ["room"], &machine)
        _ = machine.handle(.resources(.closeUnanswered(room, old, how: "it hangs")), at: now)
        now += .seconds(60)
        let done = machine.handle(.resources(.timer), at: now)
        #expect(done.contains(.instances(.drain(Self.id))), "\(done)")
        #expect(machine.resources.standing(of: room)?.phase == .stuck)
    }

    @Test func itsEndFreesWhatItHeld() {
        var machine = machine()
        _ = adopt(held: ["room"], &machine)
        let done = actions(machine.handle(.instances(.exited(Self.id, how: "it was killed")), at: .now))
        #expect(done.contains(.resources(.forget(room, old))), "\(done)")
        #expect(machine.instances.instances.isEmpty && machine.resources.count == 0)
    }

    @Test func aNewVersionTakesItsResourcesOver() {
        var machine = machine()
        _ = adopt(held: ["room"], &machine)
        _ = machine.handle(.instances(.deploy(.init(version: 4), request: 1)), at: .now)
        let new = InstanceID("hello-2-1-1")
        _ = machine.handle(.instances(.ready(new, holdsPort: false)), at: .now)
        let done = machine.handle(.instances(.committed(version: 4)), at: .now)
        #expect(done.contains(.instances(.drain(Self.id))), "\(done)")
        #expect(done.contains(.resources(.closeGate(room, old, .ifIdle))), "\(done)")
    }

    @Test func aServiceThatEndsEndsIt() {
        var machine = machine()
        _ = machine.handle(.instances(.shutdown), at: .now)
        let done = machine.handle(.instances(.adopted(Self.id)), at: .now)
        #expect(done.contains(.instances(.terminate(Self.id))), "\(done)")
    }

    @Test func whatIsKnownAlreadyIsNotTakenFromIt() {
        var machine = machine()
        _ = machine.handle(.instances(.adopted(Self.id)), at: .now)
        _ = machine.handle(.resources(.callsWaiting(room)), at: .now)
        let holdings = InstanceHoldings(instance: Self.id, held: [.init(room, old)])
        let done = machine.handle(.resources(.adopted(Self.id, holdings)), at: .now)
        #expect(done.contains(.instances(.drain(Self.id))), "\(done)")
        #expect(machine.resources.standing(of: room)?.activation?.epoch == Epoch(term: 2, counter: 1))
    }
}
