import LeverCore
import Testing

@Suite("A version takes over") struct ServiceControllerDeploymentTests {
    @Test func firstVersionBecomesLiveOnceReadyAndRecorded() {
        var service = ServiceControllerHarness()
        #expect(service.deploy(1) == [.start(service.id(1), version: 1)])
        #expect(service(.callsWaiting) == [])
        #expect(service(.ready(service.id(1), holdsPort: false)) == [.commit(version: 1)])
        #expect(service.controller.liveVersion == nil)
        #expect(service(.committed(version: 1)) == [.publish, .deployed(version: 1, request: 1)])
        #expect(service.controller.liveVersion == 1)
        #expect(service.controller.readyInstances.map(\.id) == [service.id(1)])
    }

    @Test func oldInstancesDrainOnlyAfterTheNewVersionIsPublished() {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.deploy(2)
        #expect(service(.ready(service.id(2), holdsPort: false)) == [.commit(version: 2)])
        #expect(service.controller.readyInstances.map(\.version) == [1])
        #expect(
            service(.committed(version: 2)) == [.publish, .deployed(version: 2, request: 2), .drain(service.id(1))])
        // Calls have 30 s, channels 5 min.
        #expect(service.pass(.seconds(30)) == [.endCalls(service.id(1))])
        #expect(service.pass(.seconds(269)) == [])
        #expect(service.pass(.seconds(1)) == [.terminate(service.id(1))])
    }

    @Test func failedStartKeepsTheOldVersion() throws {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.deploy(2)
        let actions = service(.exited(service.id(2), how: "it exited with code 1; its last output: SyntaxError"))
        let error = try #require(actions.deploymentError(2))
        #expect(error.reason == .startFailed)
        #expect(error.message.contains("version 2") && error.message.contains("SyntaxError"))
        #expect(service.controller.liveVersion == 1)
        #expect(service.controller.readyInstances.map(\.version) == [1])
        // The live version is not to blame.
        #expect(service.controller.backoff.failures == 0)
    }

    @Test func deploymentThatTakesTooLongFails() throws {
        var service = ServiceControllerHarness()
        _ = service.deploy(1)
        #expect(service.pass(.seconds(15)) == [.startTimedOut(service.id(1))])
        let actions = service(.startFailed(service.id(1), how: "too slow"))
        #expect(actions.contains(.terminate(service.id(1))))
        #expect(try #require(actions.deploymentError(1)).message.contains("too slow"))
        #expect(service(.ready(service.id(1), holdsPort: false)) == [])
    }

    @Test func retiredInstanceOfANewVersionIsReplaced() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(2)
        _ = service.deploy(2)
        _ = service(.ready(service.id(3), holdsPort: false))
        let actions = service(.retire(service.id(3)))
        #expect(actions == [.drain(service.id(3)), .publish, .start(service.id(5), version: 2)])
        // A second time changes nothing.
        #expect(service(.retire(service.id(3))) == [.publish])
        _ = service(.drained(service.id(3)))
        #expect(service(.exited(service.id(3), how: "code 0")) == [])
        #expect(service(.ready(service.id(4), holdsPort: false)) == [])
        #expect(service(.ready(service.id(5), holdsPort: false)) == [.commit(version: 2)])
    }

    @Test func retiredInstanceOfANewVersionGivesThePortToItsReplacement() {
        var service = ServiceControllerHarness()
        _ = service.deploy(1, needsPort: true)
        #expect(service(.retire(service.id(1))) == [.terminate(service.id(1)), .publish])
        #expect(service(.exited(service.id(1), how: "code 0")) == [.start(service.id(2), version: 1)])
        #expect(service(.ready(service.id(2), holdsPort: true)) == [.commit(version: 1)])
    }

    @Test func laterDeploymentWins() throws {
        var service = ServiceControllerHarness(live: 1)
        _ = service.deploy(2)
        let actions = service.deploy(3)
        #expect(try #require(actions.deploymentError(2)).code == .aborted)
        #expect(actions.contains(.terminate(service.id(1))))
        #expect(actions.last == .start(service.id(2), version: 3))
        #expect(service(.ready(service.id(1), holdsPort: false)) == [])
        #expect(service(.exited(service.id(1), how: "x")) == [])
        _ = service(.ready(service.id(2), holdsPort: false))
        #expect(service(.committed(version: 3)).contains(.deployed(version: 3, request: 3)))
    }

    @Test func deploymentDuringACommitFollowsIt() throws {
        var service = ServiceControllerHarness()
        _ = service.deploy(1)
        _ = service(.ready(service.id(1), holdsPort: false))
        #expect(service.deploy(2) == [])
        let replaced = service.deploy(3)
        #expect(try #require(replaced.deploymentError(2)).code == .aborted)
        let actions = service(.committed(version: 1))
        #expect(actions == [.publish, .deployed(version: 1, request: 1), .start(service.id(2), version: 3)])
    }

    @Test func instanceThatDiesDuringTheCommitDoesNotUndoIt() {
        var service = ServiceControllerHarness(live: 1)
        _ = service.deploy(2)
        _ = service(.ready(service.id(1), holdsPort: false))
        let exit = service(.exited(service.id(1), how: "signal 9 ended it"))
        #expect(exit.deploymentError(2) == nil)
        #expect(service(.committed(version: 2)).contains(.deployed(version: 2, request: 2)))
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 2)])
    }

    @Test func failedCommitKeepsTheOldVersionAndEndsTheInstance() throws {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.deploy(2)
        _ = service(.ready(service.id(2), holdsPort: false))
        let actions = service(.commitFailed(version: 2, RPCError(.defect, "disk full")))
        #expect(try #require(actions.deploymentError(2)).message == "disk full")
        #expect(actions.contains(.terminate(service.id(2))))
        #expect(service.controller.liveVersion == 1)
    }

    @Test func callsThatWaitedForAnInstanceThatDiedDuringTheCommitGetAnother() {
        var service = ServiceControllerHarness()
        _ = service.deploy(1)
        _ = service(.callsWaiting)
        _ = service(.ready(service.id(1), holdsPort: false))
        _ = service(.exited(service.id(1), how: "signal 9 ended it"))
        let actions = service(.committed(version: 1))
        #expect(actions == [.publish, .deployed(version: 1, request: 1), .start(service.id(2), version: 1)])
    }

    @Test func versionNumbersDecideWhichUploadIsLater() throws {
        var service = ServiceControllerHarness(live: 1)
        #expect(service.deploy(3) == [.start(service.id(1), version: 3)])
        let late = service.deploy(2)
        #expect(try #require(late.deploymentError(2)).code == .aborted)
        #expect(late.count == 1)
        _ = service(.ready(service.id(1), holdsPort: false))
        #expect(service(.committed(version: 3)).contains(.deployed(version: 3, request: 3)))
        #expect(service.deploy(2).deploymentError(2) != nil)
    }

    @Test func idleServiceStartsItsOldVersionForCallsDuringADeployment() {
        var service = ServiceControllerHarness(live: 1)
        _ = service.deploy(2)
        #expect(service(.callsWaiting) == [.start(service.id(2), version: 1)])
        _ = service(.ready(service.id(1), holdsPort: false))
        #expect(
            service(.committed(version: 2)) == [.publish, .deployed(version: 2, request: 2), .terminate(service.id(2))])
    }

    // MARK: As many as before

    @Test func newVersionIsWarmedUpToTheOldOnesCount() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(3)
        #expect(service.deploy(2) == (4...6).map { .start(service.id($0), version: 2) })
        #expect(service(.ready(service.id(4), holdsPort: false)) == [])
        #expect(service(.ready(service.id(6), holdsPort: false)) == [])
        #expect(service.controller.readyInstances.map(\.version) == [1, 1, 1])
        #expect(service(.ready(service.id(5), holdsPort: false)) == [.commit(version: 2)])
        _ = service(.committed(version: 2))
        #expect(service.controller.readyInstances.map(\.version) == [2, 2, 2])
    }

    @Test func warmUpKeepsToTheNewVersionsBounds() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(3)
        let few = service(.deploy(.init(version: 2, maxInstances: 2), request: 2))
        #expect(few.count { if case .start = $0 { true } else { false } } == 2)
        let many = service(.deploy(.init(version: 3, minInstances: 5), request: 3))
        #expect(many.count { if case .start = $0 { true } else { false } } == 5)
    }

    @Test func programThatTurnsOutNotToNeedThePortIsWarmedUpToo() {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(3)
        #expect(service.deploy(2, needsPort: true) == [.start(service.id(4), version: 2)])
        #expect(
            service(.ready(service.id(4), holdsPort: false)) == [
                .start(service.id(5), version: 2), .start(service.id(6), version: 2),
            ])
        _ = service(.ready(service.id(5), holdsPort: false))
        #expect(service(.ready(service.id(6), holdsPort: false)) == [.commit(version: 2)])
        _ = service(.committed(version: 2))
        // From now on it is scaled as any other.
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.start = 2
        #expect(service(.scale(plan)).count == 2)
    }

    @Test(arguments: [true, false]) func oneInstanceThatFailsFailsTheDeployment(isReady: Bool) throws {
        var service = ServiceControllerHarness(live: 1)
        service.scaleTo(2)
        _ = service.deploy(2)
        if isReady { _ = service(.ready(service.id(3), holdsPort: false)) }
        let actions = service(.exited(service.id(3), how: "it exited with code 1"))
        #expect(try #require(actions.deploymentError(2)).message.contains("exited with code 1"))
        #expect(actions.contains(.terminate(service.id(4))))
        #expect(service.controller.readyInstances.map(\.version) == [1, 1])
    }

    // MARK: Back

    @Test func rollbackIsADeploymentOfAnOldVersion() {
        var service = ServiceControllerHarness(live: 5)
        service.makeReady()
        #expect(
            service(.rollback(.init(version: 3), newest: 5, request: 77)) == [.start(service.id(2), version: 3)])
        #expect(service(.ready(service.id(2), holdsPort: false)) == [.commit(version: 3)])
        #expect(
            service(.committed(version: 3)) == [.publish, .deployed(version: 3, request: 77), .drain(service.id(1))])
        // What was uploaded before the rollback is earlier than it; what comes afterwards is not.
        #expect(service.deploy(5).deploymentError(5) != nil)
        #expect(service.deploy(6) == [.start(service.id(3), version: 6)])
    }

    @Test func rollbackToTheLiveVersionEndsADeploymentAndChangesNothing() throws {
        var service = ServiceControllerHarness(live: 1)
        service.makeReady()
        _ = service.deploy(2)
        let actions = service(.rollback(.init(version: 1), newest: 2, request: 9))
        #expect(try #require(actions.deploymentError(2)).code == .aborted)
        #expect(actions.contains(.deployed(version: 1, request: 9)))
        #expect(service.controller.readyInstances.map(\.version) == [1])
    }

    // MARK: The one port

    @Test func portIsFreedBeforeTheNewVersionStartsAndCallsWait() {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        service.makeReady(holdsPort: true)
        #expect(service.deploy(2, needsPort: true) == [.drain(service.id(1)), .publish])
        #expect(service(.callsWaiting) == [])
        #expect(service(.drained(service.id(1))) == [.terminate(service.id(1))])
        #expect(service(.exited(service.id(1), how: "x")) == [.start(service.id(2), version: 2)])
        #expect(service(.ready(service.id(2), holdsPort: true)) == [.commit(version: 2)])
        #expect(service(.committed(version: 2)) == [.publish, .deployed(version: 2, request: 2)])
    }

    @Test func failedUpgradeOnThePortBringsTheOldVersionBackOnceThePortIsFree() {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        service.makeReady(holdsPort: true)
        _ = service.deploy(2, needsPort: true)
        _ = service(.drained(service.id(1)))
        _ = service(.exited(service.id(1), how: "x"))
        _ = service(.callsWaiting)
        _ = service.pass(.seconds(15))
        let failed = service(.startFailed(service.id(2), how: "it does not answer"))
        #expect(failed.deploymentError(2) != nil)
        // The new instance may still listen: the old version waits for its exit.
        #expect(!failed.contains { if case .start = $0 { true } else { false } })
        #expect(service(.exited(service.id(2), how: "y")) == [.start(service.id(3), version: 1)])
        #expect(service(.ready(service.id(3), holdsPort: true)) == [.publish])
    }

    @Test func failedCommitOnThePortServesTheCallsThatWaited() {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        _ = service.deploy(2, needsPort: true)
        _ = service(.callsWaiting)
        _ = service(.ready(service.id(1), holdsPort: true))
        _ = service(.commitFailed(version: 2, RPCError(.defect, "disk full")))
        #expect(service(.exited(service.id(1), how: "x")) == [.start(service.id(2), version: 1)])
    }

    @Test func programThatUsesItsOwnAddressIsReplacedWithoutAStop() {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        service.makeReady(holdsPort: false)
        #expect(service.deploy(2, needsPort: true) == [.start(service.id(2), version: 2)])
    }

    @Test func laterDeploymentWinsWhileThePortIsBeingFreed() throws {
        var service = ServiceControllerHarness(live: 1, needsPort: true)
        service.makeReady(holdsPort: true)
        _ = service.deploy(2, needsPort: true)
        let second = service.deploy(3, needsPort: true)
        #expect(try #require(second.deploymentError(2)).code == .aborted)
        _ = service(.drained(service.id(1)))
        #expect(service(.exited(service.id(1), how: "x")) == [.start(service.id(2), version: 3)])
    }

    // MARK: Ending

    @Test func shutdownFailsTheDeployment() throws {
        var service = ServiceControllerHarness(live: 1)
        _ = service.deploy(2)
        #expect(try #require(service(.shutdown).deploymentError(2)).reason == .shuttingDown)
        #expect(try #require(service.deploy(3).deploymentError(3)).reason == .shuttingDown)
    }

    @Test func shutdownWaitsForACommitUnderWay() {
        var service = ServiceControllerHarness()
        _ = service.deploy(1)
        _ = service(.ready(service.id(1), holdsPort: false))
        #expect(service(.shutdown).deploymentError(1) == nil)
        _ = service(.drained(service.id(1)))
        #expect(!service(.exited(service.id(1), how: "x")).contains(.stopped))
        let actions = service(.committed(version: 1))
        #expect(actions.contains(.deployed(version: 1, request: 1)) && actions.contains(.stopped))
    }
}
