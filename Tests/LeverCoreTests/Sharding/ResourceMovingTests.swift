import LeverCore
import Testing

@Suite("Moving resources") struct ResourceMovingTests {
    @Test func idleResourceMovesAtOnce() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        let epoch = service.epoch(1)
        #expect(
            service(.move(service.room, to: service.second, window: .seconds(5))) == [
                .closeGate(service.room, epoch, .ifIdle)
            ])
        #expect(service(.drained(service.room, epoch)) == [.sendCloseResource(service.room, service.activation(1, 1))])
        #expect(
            service(.closeAnswered(service.room, epoch)) == [
                .forget(service.room, epoch), .sendNewResource(service.room, service.activation(2, 2)),
            ])
        #expect(
            service(.opened(service.room, service.epoch(2))) == [
                .activate(service.room, service.activation(2, 2)), .moved(service.room, service.activation(2, 2)),
            ])
    }

    @Test func busyResourceMovesAtItsFirstIdleInstant() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.move(service.room, to: nil, window: .seconds(5)))
        #expect(
            service(.busy(service.room, service.epoch(1))) == [.closeGate(service.room, service.epoch(1), .whenIdle)])
        #expect(service(.callsWaiting(service.room)) == [.releaseWaiters(service.room)], "calls go to where it is")
        _ = service.pass(.milliseconds(4_900))
        #expect(
            service(.drained(service.room, service.epoch(1))) == [
                .sendCloseResource(service.room, service.activation(1, 1))
            ])
    }

    @Test func shorterWindowHoldsForWhatIsOnItsWayAlready() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        let epoch = service.epoch(1)
        let first = service.activation(1, 1).instance
        // It leaves for want of calls, but a channel is inside; then its version is replaced.
        _ = service(.instanceDraining(first, window: .seconds(100_000)))
        #expect(service(.busy(service.room, epoch)) == [.closeGate(service.room, epoch, .whenIdle)])
        _ = service(.instanceDraining(first, window: .seconds(10)))
        #expect(service.pass(.seconds(9)) == [])
        #expect(service.pass(.seconds(1)).first == .closeGate(service.room, epoch, .now))
    }

    @Test func endOfTheWindowHoldsCallsBackAndEndsChannels() throws {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        let epoch = service.epoch(1)
        _ = service(.move(service.room, to: nil, window: .seconds(5)))
        _ = service(.busy(service.room, epoch))
        let actions = service.pass(.seconds(5))
        #expect(actions.first == .closeGate(service.room, epoch, .now))
        guard case .endChannels(service.room, epoch, let error)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .unavailable)
        #expect(error.message.contains("moved"))
        #expect(service(.callsWaiting(service.room)) == [])
        #expect(service.pass(.seconds(29)) == [])
        let end = service.pass(.seconds(1))
        guard case .endCalls(service.room, epoch, let late)? = end.first else {
            Issue.record("\(end)")
            return
        }
        #expect(late.message.contains("room/1"))
        // It is closed once they are out: a service without the hook would say at once that it is.
        #expect(end.count == 1)
        #expect(
            service(.drained(service.room, epoch)) == [.sendCloseResource(service.room, service.activation(1, 1))])
        #expect(
            service(.closeAnswered(service.room, epoch)) == [
                .forget(service.room, epoch), .sendNewResource(service.room, service.activation(2, 2)),
            ])
        #expect(service(.opened(service.room, service.epoch(2))).contains(.releaseWaiters(service.room)))
    }

    @Test func withoutAWindowTheGateClosesAtOnce() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.move(service.room, to: nil, window: .zero))
        #expect(
            service(.busy(service.room, service.epoch(1))).first == .closeGate(service.room, service.epoch(1), .now))
    }

    @Test func movesThatCannotBeAreRefusedWithTheReason() {
        var service = ResourceDirectoryHarness(ready: [1])
        let window = Duration.seconds(1)
        #expect(service(.move(service.room, to: nil, window: window)).moveError?.reason == .noResource)
        _ = service(.callsWaiting(service.room))
        #expect(service(.move(service.room, to: nil, window: window)).moveError?.reason == .conflict)
        _ = service(.opened(service.room, service.epoch(1)))
        #expect(service(.move(service.room, to: nil, window: window)).moveError?.message.contains("i-1") == true)
        #expect(
            service(.move(service.room, to: service.second, window: window)).moveError?.message.contains("i-2") == true)
        #expect(
            service(.move(service.room, to: service.first, window: window)) == [
                .moved(service.room, service.activation(1, 1))
            ])
        _ = service(.instanceReady(service.second, version: 1))
        _ = service(.move(service.room, to: service.second, window: window))
        #expect(service(.move(service.room, to: service.second, window: window)).moveError?.reason == .conflict)
    }

    @Test func targetThatDiesMeanwhileIsReplaced() {
        var service = ResourceDirectoryHarness(ready: [1, 2, 3])
        service.makeActive()
        _ = service(.move(service.room, to: service.second, window: .seconds(5)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.instanceDied(service.second, how: "x"))
        _ = service(.closeAnswered(service.room, service.epoch(1)))
        #expect(service.phase == .activating)
    }

    @Test func moveEndsWithAnErrorWhereTheHookFails() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        _ = service(.move(service.room, to: service.second, window: .seconds(5)))
        _ = service(.drained(service.room, service.epoch(1)))
        _ = service(.closeAnswered(service.room, service.epoch(1)))
        let actions = service(.openFailed(service.room, service.epoch(2), RPCError(code: .unknown, message: "no disk")))
        #expect(actions.moveError?.message.contains("no disk") == true)
        #expect(actions.waitingError == nil)
        #expect(service.directory.count == 0)
    }

    // MARK: Upgrades

    @Test func upgradeHandsResourcesOverAFewAtATime() {
        var service = ResourceDirectoryHarness { $0.handOversAtOnce = 3 }
        service.makeActive(count: 20)
        #expect(service(.instanceReady(service.second, version: 2)) == [])
        var pending = service(.versionLive(2))
        #expect(pending.gateClosings.count == 3)
        #expect(service(.instanceDraining(service.first, window: .seconds(10))) == [])
        // The shell answers each action at once, and never sees more than three on their way.
        var moved = 0
        var isEmptied = false
        while !pending.isEmpty {
            var next: [ResourceDirectory.Action] = []
            #expect(pending.count <= 9)
            for action in pending {
                switch action {
                case .closeGate(let resource, let epoch, .ifIdle): next += service(.drained(resource, epoch))
                case .sendCloseResource(let resource, let old): next += service(.closeAnswered(resource, old.epoch))
                case .sendNewResource(let resource, let new):
                    #expect(new.instance == service.second)
                    next += service(.opened(resource, new.epoch))
                case .activate: moved += 1
                case .emptied(let id): isEmptied = id == service.first
                case .forget: break
                default: Issue.record("\(action)")
                }
            }
            pending = next
        }
        #expect(moved == 20)
        #expect(isEmptied)
        #expect(service.directory.resourceCount(on: service.second) == 20)
    }

    @Test func busyResourcesDoNotKeepIdleOnesFromLeaving() {
        var service = ResourceDirectoryHarness { $0.handOversAtOnce = 2 }
        service.makeActive(count: 6)
        _ = service(.instanceReady(service.second, version: 2))
        var asked = service(.versionLive(2)).gateClosings
        var seen: Set<ResourceID> = []
        while let resource = asked.popLast() {
            seen.insert(resource)
            let epoch = service.directory.standing(of: resource)!.activation!.epoch
            asked += service(.busy(resource, epoch)).gateClosings.filter { !seen.contains($0) }
        }
        #expect(seen.count == 6)
        // At the window's end all of them close.
        #expect(Set(service.pass(.seconds(10)).gateClosings).count == 6)
    }

    @Test func activationUnderWayIsHandedOverAfterwards() {
        var service = ResourceDirectoryHarness()
        _ = service(.callsWaiting(service.room))
        _ = service(.instanceReady(service.second, version: 2))
        #expect(service(.versionLive(2)) == [])
        #expect(
            service(.opened(service.room, service.epoch(1))) == [
                .activate(service.room, service.activation(1, 1)), .releaseWaiters(service.room),
                .closeGate(service.room, service.epoch(1), .ifIdle),
            ])
    }

    @Test func takenBackDrainKeepsWhatHasNotLeft() {
        var service = ResourceDirectoryHarness(ready: [1, 2]) { $0.handOversAtOnce = 1 }
        for name in ["a", "b", "c"] { _ = service(.callsWaiting(ResourceID(name))) }
        for (name, epoch) in [("a", 1), ("b", 2), ("c", 3)] {
            _ = service(.opened(ResourceID(name), service.epoch(UInt32(epoch))))
        }
        #expect(service(.instanceDraining(service.first, window: .seconds(5))).gateClosings == [ResourceID("a")])
        #expect(service(.instanceUndrained(service.first)) == [])
        #expect(service(.drained(ResourceID("a"), service.epoch(1))).count == 1)
        #expect(service(.closeAnswered(ResourceID("a"), service.epoch(1))).gateClosings == [])
        #expect(service.directory.standing(of: ResourceID("c"))?.phase == .active)
    }

    @Test func callsThatDoNotEndWhenTheyAreEndedAreNotWaitedForLong() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        let epoch = service.epoch(1)
        _ = service(.move(service.room, to: nil, window: .seconds(5)))
        _ = service(.busy(service.room, epoch))
        _ = service.pass(.seconds(5))
        #expect(service.pass(.seconds(30)).count == 1)
        #expect(service.pass(.seconds(2)) == [.sendCloseResource(service.room, service.activation(1, 1))])
    }

    @Test func whatLeavesWithoutHasteHurriesWhenItHasTo() {
        var service = ResourceDirectoryHarness(ready: [1, 2])
        service.makeActive()
        let epoch = service.epoch(1)
        _ = service(.instanceDraining(service.first, window: .seconds(100_000)))
        #expect(service(.busy(service.room, epoch)) == [.closeGate(service.room, epoch, .whenIdle)])
        #expect(service.pass(.seconds(60)) == [])
        _ = service(.instanceDraining(service.first, window: .seconds(5)))
        #expect(service.pass(.seconds(5)).first == .closeGate(service.room, epoch, .now))
    }

    @Test func drainOfAnEmptyInstanceIsOverAtOnce() {
        var service = ResourceDirectoryHarness()
        #expect(service(.instanceDraining(service.first, window: .seconds(5))) == [.emptied(service.first)])
        #expect(service(.instanceDraining(service.first, window: .seconds(5))) == [])
        #expect(service(.callsWaiting(service.room)) == [.needInstance])
    }

    @Test func shutdownClosesEverythingAndActivatesNothing() {
        var service = ResourceDirectoryHarness()
        service.makeActive()
        _ = service(.callsWaiting(ResourceID("opening")))
        #expect(service(.shutdown) == [.closeGate(service.room, service.epoch(1), .ifIdle)])
        #expect(service(.callsWaiting(ResourceID("new"))).waitingError?.reason == .shuttingDown)
        _ = service(.drained(service.room, service.epoch(1)))
        #expect(service(.callsWaiting(service.room)).waitingError?.reason == .shuttingDown)
        _ = service(.closeAnswered(service.room, service.epoch(1)))
        let opening = ResourceID("opening")
        #expect(service(.opened(opening, service.epoch(2))).contains(.closeGate(opening, service.epoch(2), .ifIdle)))
        _ = service(.drained(opening, service.epoch(2)))
        #expect(
            service(.closeAnswered(opening, service.epoch(2))) == [
                .forget(opening, service.epoch(2)), .emptied(service.first), .stopped,
            ])
    }
}
