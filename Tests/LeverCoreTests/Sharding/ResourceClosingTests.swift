import LeverCore
import Testing

@Suite("Closing a resource") struct ResourceClosingTests {
    @Test func idleResourceIsClosedAndForgotten() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        let epoch = service.epoch(1)
        #expect(service(.idle(service.room, epoch)) == [.closeGate(service.room, epoch, .ifIdle)])
        #expect(service(.drained(service.room, epoch)) == [.sendCloseResource(service.room, service.activation(1, 1))])
        #expect(service(.drained(service.room, epoch)) == [])
        #expect(service(.closeAnswered(service.room, epoch)) == [.forget(service.room, epoch)])
        #expect(service.directory.count == 0)
        #expect(service(.closeAnswered(service.room, epoch)) == [])
    }

    @Test func callThatEntersFirstKeepsTheResource() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        #expect(service(.callsWaiting(service.room)) == [])
        #expect(service(.busy(service.room, service.epoch(1))) == [.releaseWaiters(service.room)])
        #expect(service.phase == .active)
    }

    @Test func callThatComesTooLateWaitsForTheNextActivation() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        #expect(service(.callsWaiting(service.room)) == [])
        #expect(
            service(.closeAnswered(service.room, service.epoch(1))) == [
                .forget(service.room, service.epoch(1)), .sendNewResource(service.room, service.activation(1, 2)),
            ])
        #expect(
            service(.opened(service.room, service.epoch(2))) == [
                .activate(service.room, service.activation(1, 2)), .releaseWaiters(service.room),
            ])
    }

    @Test func onlyAFewIdleResourcesCloseAtOnce() {
        var service = ResourceDirectoryHarness { $0.handOversAtOnce = 3 }
        service.makeActive(count: 10)
        var asked: [ResourceID] = []
        for number in 0..<10 {
            asked += service(.idle(ResourceID("r\(number)"), service.epoch(UInt32(number) + 1))).gateClosings
        }
        #expect(asked.count == 3)
        _ = service(.drained(asked[0], service.epoch(1)))
        _ = service(.closeAnswered(asked[0], service.epoch(1)))
        #expect(service(.idle(ResourceID("r9"), service.epoch(10))).gateClosings == [ResourceID("r9")])
    }

    @Test func instanceThatDoesNotAnswerIsDrainedAndKilled() throws {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.callsWaiting(ResourceID("b")))  // On i-2.
        _ = service(.opened(ResourceID("b"), service.epoch(2)))
        _ = service(.callsWaiting(ResourceID("c")))  // On i-1.
        _ = service(.opened(ResourceID("c"), service.epoch(3)))
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.callsWaiting(service.room))
        #expect(service.pass(.seconds(19)) == [])
        let actions = service.pass(.seconds(1))
        let error = try #require(actions.waitingError)
        #expect(error.reason == .resourceUnavailable)
        #expect(error.message.contains("i-1"))
        #expect(actions.contains(.drainInstanceAndKill(service.first, why: error.message)))
        // Its other resource moves.
        #expect(actions.contains(.closeGate(ResourceID("c"), service.epoch(3), .ifIdle)))
        // Until it is dead the stuck one is nowhere else.
        #expect(service(.callsWaiting(service.room)).waitingError == error)
        #expect(service.pass(.seconds(1_000)).waitingError == nil)
        #expect(service(.callsWaiting(service.room)).waitingError == error)
        let died = service(.instanceDied(service.first, how: "signal 9 ended it"))
        #expect(died.contains(.forget(service.room, service.epoch(1))))
        #expect(service(.callsWaiting(service.room)) == [.sendNewResource(service.room, service.activation(2, 4))])
    }

    @Test func lateAnswerFreesAStuckResource() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service.pass(.seconds(20))
        #expect(service.phase == .stuck)
        #expect(
            service(.closeAnswered(service.room, service.epoch(1))) == [
                .forget(service.room, service.epoch(1)), .emptied(service.first),
            ])
        #expect(service(.callsWaiting(service.room)) == [.sendNewResource(service.room, service.activation(2, 2))])
    }

    @Test func lostAnswerOfADyingInstanceTroublesNobody() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.callsWaiting(service.room))
        #expect(service(.closeUnanswered(service.room, service.epoch(1), how: "reset")) == [])
        #expect(
            service(.instanceDied(service.first, how: "signal 9 ended it")) == [
                .forget(service.room, service.epoch(1)), .sendNewResource(service.room, service.activation(2, 2)),
            ])
    }

    @Test func lostAnswerOfALivingInstanceEndsItSoon() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.closeUnanswered(service.room, service.epoch(1), how: "reset by peer"))
        #expect(service.pass(.milliseconds(1_900)) == [])
        let actions = service.pass(.milliseconds(100))
        guard case .drainInstanceAndKill(service.first, let why)? = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(why.contains("reset by peer"))
    }

    @Test func deathMovesResourcesAtTheirNextCall() {
        var service = ResourceDirectoryHarness(ready: [1])
        service.makeActive(count: 3)
        let actions = service(.instanceDied(service.first, how: "signal 9 ended it"))
        #expect(
            Set(actions.map { "\($0)" }).count == 3
                && actions.allSatisfy { if case .forget = $0 { true } else { false } })
        #expect(service.directory.count == 0)
        _ = service(.instanceReady(service.second, version: 1))
        #expect(
            service(.callsWaiting(ResourceID("r1"))) == [.sendNewResource(ResourceID("r1"), service.activation(2, 4))])
        #expect(service(.instanceDied(service.first, how: "again")) == [])
    }

    @Test func answersOfEarlierActivationsChangeNothing() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        _ = service(.idle(service.room, service.epoch(1)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.callsWaiting(service.room))
        _ = service(.closeAnswered(service.room, service.epoch(1)))
        let old = service.epoch(1)
        let late: [ResourceDirectory.Event] = [
            .opened(service.room, old), .openFailed(service.room, old, RPCError(.defect, "")),
            .openUnanswered(service.room, old, how: ""), .idle(service.room, old), .drained(service.room, old),
            .busy(service.room, old), .closeAnswered(service.room, old), .closeUnanswered(service.room, old, how: ""),
        ]
        for event in late { #expect(service(event) == [], "while activating: \(event)") }
        _ = service(.opened(service.room, service.epoch(2)))
        for event in late { #expect(service(event) == [], "while active: \(event)") }
        #expect(service.phase == .active)
        let unknown = ResourceID("unknown")
        #expect(service(.opened(unknown, old)) == [] && service(.drained(unknown, old)) == [])
        #expect(service.directory.count == 1)
    }
}
