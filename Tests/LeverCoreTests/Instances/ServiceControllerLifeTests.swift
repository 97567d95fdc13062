import LeverCore
import Testing

@Suite("Instances of a live version") struct ServiceControllerLifeTests {
    @Test func firstCallStartsOneInstanceAndOthersWaitForIt() {
        var service = ServiceControllerHarness(live: 3)
        #expect(service(.callsWaiting) == [.start(service.id(1), version: 3)])
        #expect(service(.callsWaiting) == [])
        #expect(service(.ready(service.id(1), holdsPort: false)) == [.publish])
        #expect(service.controller.readyInstances.map(\.id) == [service.id(1)])
    }

    @Test func callThatMissedTheInstanceIsSentBackToIt() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        #expect(service(.callsWaiting) == [.publish])
    }

    @Test func serviceWithoutVersionFailsCalls() {
        var service = ServiceControllerHarness()
        #expect(service(.callsWaiting).waitingError?.reason == .noService)
    }

    @Test func startThatTakesTooLongFailsTheCallsWithWhatWasWritten() throws {
        var service = ServiceControllerHarness(live: 1)
        _ = service(.callsWaiting)
        #expect(service.pass(.seconds(14.9)) == [])
        #expect(service.pass(.seconds(0.1)) == [.startTimedOut(service.id(1))])
        let actions = service(.startFailed(service.id(1), how: "silence; its last output: boom"))
        #expect(actions.first == .terminate(service.id(1)))
        let error = try #require(actions.waitingError)
        #expect(error.reason == .startFailed)
        #expect(error.message.contains("boom"))
        #expect(error.message.contains("next attempt in 1 s"))
        // The exit that follows says nothing new.
        #expect(service(.exited(service.id(1), how: "signal 15 ended it")) == [])
    }

    @Test func startTimeoutIsAskedForOnce() {
        var service = ServiceControllerHarness(live: 1)
        _ = service(.callsWaiting)
        _ = service.pass(.seconds(15))
        #expect(service.pass(.seconds(15)) == [])
    }

    @Test func failingStartsBackOffLongerAndLonger() throws {
        var service = ServiceControllerHarness(live: 1)
        var waits: [Duration] = []
        for attempt in 1...8 {
            #expect(service(.callsWaiting).first == .start(service.id(attempt), version: 1))
            _ = service(.exited(service.id(attempt), how: "it exited with code 1"))
            // Within the wait calls fail at once, and say why.
            let error = try #require(service(.callsWaiting).waitingError)
            #expect(error.message.contains("exited with code 1"))
            let until = try #require(service.controller.backoff.until)
            waits.append(until - service.now)
            service.now = until
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
    }

    @Test func firstCrashIsReplacedAtOnceTheNextOneIsNot() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        #expect(service(.exited(service.id(1), how: "signal 9 ended it")) == [.publish])
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
        _ = service(.ready(service.id(2), holdsPort: false))
        _ = service(.exited(service.id(2), how: "signal 9 ended it"))
        #expect(service(.callsWaiting).waitingError?.reason == .startFailed)
    }

    @Test func longHealthyTimeForgetsFailures() {
        var service = ServiceControllerHarness(live: 1)
        // Each instance runs for long enough to count as healthy before it fails: none of them is ever held back.
        for number in 1...3 {
            service.makeReady(number)
            #expect(service.state(number) == .ready)
            service.now += .seconds(60)
            _ = service(.exited(service.id(number), how: "it exited with code 2"))
        }
        #expect(service(.callsWaiting) == [.start(service.id(4), version: 1)])
    }

    @Test func idleInstanceDrainsAndEnds() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        #expect(service.scaleDown(1) == [.drain(service.id(1)), .publish])
        #expect(service.controller.readyInstances.isEmpty)
        #expect(service(.drained(service.id(1))) == [.terminate(service.id(1))])
        #expect(service(.exited(service.id(1), how: "signal 15 ended it")) == [])
        #expect(service.controller.backoff.failures == 0)
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
    }

    @Test func callTakesADrainingInstanceBack() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.scaleDown(1)
        #expect(service(.callsWaiting) == [.undrain(service.id(1)), .publish])
        // The report of the drain that was taken back comes too late.
        #expect(service(.drained(service.id(1))) == [])
        #expect(service.state(1) == .ready)
    }

    @Test func idleDrainHasNoLimit() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.scaleDown(1)
        #expect(service.pass(.seconds(100_000)) == [])
    }

    @Test func callDuringTheEndOfAnInstanceStartsAnother() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.scaleDown(1)
        _ = service(.drained(service.id(1)))
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
    }

    @Test func onlyOneHolderOfThePortLivesAtATime() {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        service.makeReady(holdsPort: true)
        _ = service.scaleDown(1)
        _ = service(.drained(service.id(1)))
        #expect(service(.callsWaiting) == [])
        #expect(service(.exited(service.id(1), how: "x")) == [.start(service.id(2), version: 1)])
    }

    @Test func shutdownDrainsThenKillsThenStops() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        let actions = service(.shutdown)
        #expect(actions.prefix(2) == [.drain(service.id(1)), .publish])
        #expect(actions.waitingError?.reason == .shuttingDown)
        #expect(service(.callsWaiting).waitingError?.reason == .shuttingDown)
        #expect(service.pass(.seconds(9.9)) == [])
        #expect(service.pass(.seconds(0.1)) == [.terminate(service.id(1))])
        #expect(service(.exited(service.id(1), how: "x")) == [.stopped])
        #expect(service(.timer) == [])
    }

    @Test func shutdownShortensADrainUnderWay() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service(.condemn(service.id(1)))
        _ = service(.shutdown)
        #expect(service.pass(.seconds(10)) == [.terminate(service.id(1))])
        // One whose calls' time is over, too.
        service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service(.condemn(service.id(1)))
        #expect(service.pass(.seconds(30)) == [.endCalls(service.id(1))])
        _ = service(.shutdown)
        #expect(service.pass(.seconds(10)) == [.terminate(service.id(1))])
    }

    @Test func shutdownOfNothingStopsAtOnce() {
        var service = ServiceControllerHarness(live: 1)
        #expect(service(.shutdown).contains(.stopped))
        #expect(!service(.shutdown).contains(.stopped))
    }

    @Test func shutdownEndsAStartingInstance() {
        var service = ServiceControllerHarness(live: 1)
        _ = service(.callsWaiting)
        #expect(service(.shutdown).first == .terminate(service.id(1)))
        #expect(service(.ready(service.id(1), holdsPort: false)) == [])
        #expect(service(.exited(service.id(1), how: "x")).contains(.stopped))
    }

    // MARK: Scaling

    @Test func planStartsDrainsAndBringsBack() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(3)
        #expect(service.scaleDown(2, 3) == [.drain(service.id(2)), .drain(service.id(3)), .publish])
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.undrain = [service.id(2)]
        plan.start = 1
        #expect(service(.scale(plan)) == [.undrain(service.id(2)), .publish, .start(service.id(4), version: 1)])
        #expect(service.controller.readyInstances.map(\.id) == [service.id(1), service.id(2)])
    }

    @Test func whatIsReplacedIsNotBroughtBack() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(2)
        _ = service(.condemn(service.id(1)))
        _ = service(.retire(service.id(2)))
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.undrain = [service.id(1), service.id(2)]
        #expect(service(.scale(plan)) == [])
        #expect(service(.callsWaiting) == [.start(service.id(3), version: 1)])
        // One that is retired has no limit.
        #expect(service.pass(.seconds(30)).contains(.endCalls(service.id(1))))
        #expect(service.state(2) == .draining)
    }

    @Test func planStartsNothingDuringBackoff() {
        var service = ServiceControllerHarness(live: 1)
        _ = service(.callsWaiting)
        _ = service(.exited(service.id(1), how: "it exited with code 1"))
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.start = 2
        #expect(service(.scale(plan)) == [])
        service.now += .seconds(1)
        #expect(service(.scale(plan)).count == 2)
    }

    @Test func failedExtraInstanceFailsNoCall() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.start = 1
        _ = service(.scale(plan))
        #expect(service(.exited(service.id(2), how: "it exited with code 1")) == [])
        #expect(service.controller.backoff.isWaiting(at: service.now))
    }

    @Test func manifestsDrainTimesHold() {
        var service = ServiceControllerHarness(live: 1)
        let candidate = ServiceController.Candidate(
            version: 2, drainTimeout: .seconds(3), channelDrainTimeout: .seconds(7))
        _ = service(.deploy(candidate, request: 2))
        _ = service(.ready(service.id(1), holdsPort: false))
        _ = service(.committed(version: 2))
        _ = service(.condemn(service.id(1)))
        #expect(service.pass(.seconds(3)) == [.endCalls(service.id(1))])
        #expect(service.pass(.seconds(4)) == [.terminate(service.id(1))])
    }

    // MARK: Silence

    @Test func silentInstanceGetsNoCallsUntilItIsHeard() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(2)
        #expect(service(.silent(service.id(1))) == [.publish])
        #expect(service.controller.readyInstances.map(\.id) == [service.id(2)])
        #expect(service(.silent(service.id(1))) == [])
        #expect(service(.heard(service.id(1))) == [.publish])
        #expect(service.controller.readyInstances.count == 2)
    }

    @Test func callsThatFindOnlyASilentInstanceStartAnother() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service(.silent(service.id(1)))
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
        #expect(service(.heard(service.id(1))) == [.publish])
    }

    @Test func lostInstanceIsKilledAndCountsAsACrash() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        #expect(service(.lost(service.id(1), how: "did nothing")) == [.kill(service.id(1)), .publish])
        #expect(service(.exited(service.id(1), how: "signal 9 ended it")) == [])
        #expect(service.controller.backoff.failures == 1)
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
    }

    @Test func eventsOfUnknownInstancesAreIgnored() {
        var service = ServiceControllerHarness(live: 1)
        let stranger = InstanceID("other-1")
        for event: ServiceController.Event in [
            .ready(stranger, holdsPort: true), .startFailed(stranger, how: ""), .exited(stranger, how: ""),
            .drained(stranger), .silent(stranger), .heard(stranger), .lost(stranger, how: ""), .committed(version: 9),
            .commitFailed(version: 9, RPCError(.defect, "")),
        ] {
            #expect(service(event) == [])
        }
        #expect(service.controller.liveVersion == 1)
    }
}
