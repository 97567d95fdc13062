import LeverCore
import Testing

@Suite("Activating a resource") struct ResourceOpeningTests {
    @Test func manyFirstCallsCauseOneNewResource() {
        var service = ResourceDirectoryHarness()
        #expect(service(.callsWaiting(service.room)) == [.sendNewResource(service.room, service.activation(1, 1))])
        for _ in 0..<1000 { #expect(service(.callsWaiting(service.room)) == []) }
        #expect(
            service(.opened(service.room, service.epoch(1))) == [
                .activate(service.room, service.activation(1, 1)), .releaseWaiters(service.room),
            ])
        #expect(service.phase == .active)
        #expect(service(.opened(service.room, service.epoch(1))) == [], "the answer came twice")
    }

    @Test func callThatMissedTheActivationIsSentBackToIt() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        #expect(service(.callsWaiting(service.room)) == [.releaseWaiters(service.room)])
    }

    @Test func callsWaitForAnInstance() {
        var service = ResourceDirectoryHarness(ready: [])
        #expect(service(.callsWaiting(service.room)) == [.needInstance])
        #expect(service(.callsWaiting(service.room)) == [.needInstance])
        #expect(service(.instanceReady(service.first, version: 2)) == [], "its version is not live")
        #expect(
            service(.instanceReady(service.second, version: 1)) == [
                .sendNewResource(service.room, service.activation(2, 1))
            ])
    }

    @Test func instanceThatCannotBeStartedFailsTheCalls() {
        var service = ResourceDirectoryHarness(ready: [])
        let error = RPCError(.startFailed, "boom")
        _ = service(.callsWaiting(service.room))
        #expect(service(.startFailed(error)) == [.failWaiters(service.room, error)])
        #expect(service.directory.count == 0)
    }

    @Test func failingHookFailsTheCallsAndLeavesNothing() throws {
        var service = ResourceDirectoryHarness()
        _ = service(.callsWaiting(service.room))
        let actions = service(.openFailed(service.room, service.epoch(1), RPCError(code: .unknown, message: "no disk")))
        #expect(actions.count == 1)
        let error = try #require(actions.waitingError)
        #expect(error.reason == .resourceUnavailable)
        for part in ["room/1", "dev.lever/hello", "i-1", "no disk"] { #expect(error.message.contains(part)) }
        #expect(service.directory.count == 0)
        #expect(service.directory.resourceCount(on: service.first) == 0)
        #expect(
            service(.callsWaiting(service.room)) == [.sendNewResource(service.room, service.activation(1, 2))],
            "the next call tries again, with a higher epoch")
    }

    @Test func hangingHookFailsTheCallsAndIsClosed() throws {
        var service = ResourceDirectoryHarness()
        _ = service(.callsWaiting(service.room))
        #expect(service.pass(.milliseconds(19_900)) == [])
        let actions = service.pass(.milliseconds(100))
        let error = try #require(actions.waitingError)
        #expect(error.reason == .resourceUnavailable)
        #expect(error.message.contains("longer than 20.0 seconds"))
        #expect(actions.last == .sendCloseResource(service.room, service.activation(1, 1)))
        #expect(service(.opened(service.room, service.epoch(1))) == [], "it comes too late")
        // A call waits until nobody can hold the resource any more.
        #expect(service(.callsWaiting(service.room)) == [])
        #expect(
            service(.closeAnswered(service.room, service.epoch(1))) == [
                .forget(service.room, service.epoch(1)), .sendNewResource(service.room, service.activation(1, 2)),
            ])
    }

    @Test func lostAnswerFailsTheCallsAndClosesBeforeAnythingElse() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        _ = service(.callsWaiting(service.room))
        let actions = service(.openUnanswered(service.room, service.epoch(1), how: "the connection ended"))
        #expect(actions.waitingError?.message.contains("the connection ended") == true)
        #expect(actions.last == .sendCloseResource(service.room, service.activation(1, 1)))
        #expect(service(.closeAnswered(service.room, service.epoch(1))) == [.forget(service.room, service.epoch(1))])
        #expect(service.directory.count == 0)
    }

    @Test func hookThatCrashesTheInstanceFailsTheCallsAndLeavesNothing() throws {
        var service = ResourceDirectoryHarness()
        _ = service(.callsWaiting(service.room))
        let error = try #require(service(.instanceDied(service.first, how: "signal 11 ended it")).waitingError)
        #expect(error.reason == .resourceUnavailable)
        for part in ["room/1", "i-1", "signal 11"] { #expect(error.message.contains(part)) }
        #expect(service.directory.count == 0)
        #expect(service(.callsWaiting(service.room)) == [.needInstance])
    }

    @Test func resourcesBeyondTheLimitAreRefused() {
        var service = ResourceDirectoryHarness { $0.maximumResources = 2 }
        service.makeActive(count: 2)
        #expect(service(.callsWaiting(service.room)).waitingError?.reason == .limitReached)
        #expect(service(.callsWaiting(ResourceID("r1"))) == [.releaseWaiters(ResourceID("r1"))])
    }

    @Test func raisedTermGoesOnWithHigherEpochs() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        #expect(service(.termRaised(9)) == [])
        _ = service(.callsWaiting(ResourceID("other")))
        #expect(
            service.directory.standing(of: ResourceID("other"))?.activation?.epoch == Epoch(term: 9, counter: 1))
        #expect(service(.termRaised(3)) == [])
        #expect(service.directory.epochs.term == 9)
    }

    @Test func resourcesSpreadOverInstances() {
        var service = ResourceDirectoryHarness(ready: [1, 2, 3])
        // All at once, before any of them is active: those on their way count.
        for number in 0..<30 { _ = service(.callsWaiting(ResourceID("r\(number)"))) }
        for instance in service.directory.knownInstances { #expect(instance.resources == 10) }
    }

    @Test func callsInProgressDecideFirst() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        let busy = service.first
        let actions = service.directory.handle(.callsWaiting(service.room), at: service.now) { $0 == busy ? 5 : 0 }
        #expect(actions.first == .sendNewResource(service.room, service.activation(2, 1)))
    }

    @Test func instanceThatCannotBeReachedIsPassedOver() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        #expect(service(.callsWaiting(service.room)) == [.sendNewResource(service.room, service.activation(1, 1))])
        #expect(
            service(.openNotBegun(service.room, service.epoch(1), RPCError(.unreachable, "refused"))) == [
                .sendNewResource(service.room, service.activation(2, 2))
            ])
        #expect(service(.opened(service.room, service.epoch(2))).contains(.releaseWaiters(service.room)))
    }

    @Test func onlyInstanceThatCannotBeReachedIsTriedAgainAMomentLater() {
        var service = ResourceDirectoryHarness()
        let refused = RPCError(.unreachable, "refused")
        _ = service(.callsWaiting(service.room))
        var epoch: UInt32 = 1
        #expect(service(.openNotBegun(service.room, service.epoch(1), refused)) == [.needInstance])
        // The word that follows tries it again; it is not for ever.
        for _ in 0..<19 {
            epoch += 1
            #expect(
                service(.callsWaiting(service.room)) == [
                    .sendNewResource(service.room, service.activation(1, epoch))
                ])
            #expect(service(.openNotBegun(service.room, service.epoch(epoch), refused)) == [.needInstance])
        }
        _ = service(.callsWaiting(service.room))
        let end = service(.openNotBegun(service.room, service.epoch(epoch + 1), refused))
        #expect(end.waitingError?.message.contains("refused") == true)
    }

    @Test func deathOfTheOnlyInstanceAsksForAnother() {
        var service = ResourceDirectoryHarness()
        _ = service(.callsWaiting(service.room))
        _ = service(.openNotBegun(service.room, service.epoch(1), RPCError(.unreachable, "refused")))
        #expect(service(.instanceDied(service.first, how: "signal 9 ended it")) == [.needInstance])
    }
}
