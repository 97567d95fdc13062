import LeverCore
import LeverRouter
import Synchronization
import Testing

@testable import LeverRuntime

@Suite("Supervisor") struct SupervisorTests {
    @Test func deployedVersionAnswersAndIsRecorded() async throws {
        try await SupervisorHarness.with { host in
            let version = try await host.deploy()
            #expect(version == 1)
            #expect(try await host.catalog.service(SupervisorHarness.service)?.liveVersion == 1)
            #expect(try await host.call() == 1)
            #expect(host.driver.started.count == 1)
            let specification = host.driver.started[0].specification
            #expect(specification.internalGateway == "127.0.0.1:9")
            #expect(specification.id.rawValue.hasPrefix("hello-1-1-"))
        }
    }

    @Test func thePartsOfAStartAreSaid() async throws {
        try await SupervisorHarness.with { host in
            host.driver[2].phases = [StartPhase("create", .milliseconds(62)), StartPhase("start", .milliseconds(280))]
            for version in 1...2 {
                _ = try await host.deploy()
                let ready = host.supervisor.events.newest(.max).elements.last { $0.kind == .instanceReady }
                let message = try #require(ready?.message)
                let form =
                    version == 1
                    ? /version 1, \d+ ms after its start \(start \d+ ms, listen \d+ ms, connect \d+ ms\)/
                    : /version 2, \d+ ms after its start \(create 62 ms, start 280 ms, listen \d+ ms, connect \d+ ms\)/
                #expect(message.wholeMatch(of: form) != nil, "\(message)")
            }
            let instances = try #require(await host.supervisor.standing(of: SupervisorHarness.service)).instances
            let new = try #require(instances.first { $0.version == 2 })
            #expect(new.startPhases.map(\.name) == ["create", "start", "listen", "connect"])
            #expect(new.startPhases[1].duration == .milliseconds(280))
            let time = try #require(new.startTime)
            #expect(time > new.startPhases[2].duration + new.startPhases[3].duration)
        }
    }

    @Test func manyFirstCallsStartOneInstance() async throws {
        try await SupervisorHarness.with { host in
            let manifest = Manifest(name: SupervisorHarness.service.service, maxInstanceLoad: 100)
            host.supervisor.add([
                (SupervisorHarness.service, RunnableVersion(number: 7, manifest: manifest, codeDirectory: "/nowhere"))
            ])
            #expect(host.driver.started.isEmpty)
            try await withThrowingTaskGroup(of: Int?.self) { calls in
                for _ in 0..<50 { calls.addTask { try await host.call() } }
                for try await version in calls { #expect(version == 7) }
            }
            #expect(host.driver.started.count == 1)
        }
    }

    @Test func upgradeUnderCallsFailsNone() async throws {
        try await SupervisorHarness.with { host in
            _ = try await host.deploy()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<8 {
                    tasks.addTask {
                        var last = 1
                        while last < 6 {
                            let version = try await host.call() ?? 0
                            #expect(version >= last, "an old version answered after a new one")
                            last = version
                        }
                    }
                }
                for version in 2...6 { #expect(try await host.deploy() == version) }
                try await tasks.waitForAll()
            }
            try await host.wait("old instances end") { host.driver.alive.count == 1 }
        }
    }

    @Test func callInProgressFinishesOnTheOldVersion() async throws {
        try await SupervisorHarness.with { host in
            _ = try await host.deploy()
            let held = Task { try await host.call("Hold") }
            try await host.wait("the call is in the instance") { host.driver.started[0].hold.count == 1 }
            _ = try await host.deploy()
            #expect(try await host.call() == 2)
            #expect(!host.driver.started[0].hasEnded)
            host.driver.started[0].hold.release()
            #expect(try await held.value == 1)
            try await host.wait("the old instance ends") { host.driver.started[0].hasEnded }
        }
    }

    @Test func failedStartLeavesTheOldVersionAndShowsTheOutput() async throws {
        try await SupervisorHarness.with { host in
            _ = try await host.deploy()
            host.driver[2] = .init(exitsAtOnce: true, output: ["one", "SyntaxError: two"])
            let error = await #expect(throws: RPCError.self) { try await host.deploy() }
            #expect(error?.reason == .startFailed)
            #expect(error?.message.contains("it exited with code 1") == true)
            #expect(error?.message.contains("one\nSyntaxError: two") == true)
            #expect(try await host.call() == 1)
            #expect(try await host.catalog.service(SupervisorHarness.service)?.liveVersion == 1)
        }
    }

    @Test func driverThatCannotStartSaysWhy() async throws {
        try await SupervisorHarness.with { host in
            host.driver[1] = .init(startError: RuntimeError(.driver, "./serve does not exist"))
            let error = await #expect(throws: RPCError.self) { try await host.deploy() }
            #expect(error?.message.contains("./serve does not exist") == true)
        }
    }

    @Test func silentInstanceTimesOutAndIsEnded() async throws {
        try await SupervisorHarness.with(startTimeout: .milliseconds(100)) { host in
            host.driver[1] = .init(isSilent: true, output: ["waiting for godot"])
            let error = await #expect(throws: RPCError.self) { try await host.deploy() }
            #expect(error?.message.contains("did not answer within 0.1 seconds") == true)
            #expect(error?.message.contains("godot") == true)
            try await host.wait("it is ended") { host.driver.alive.isEmpty }
        }
    }

    @Test func crashEndsCallsAndTheNextCallStartsAnother() async throws {
        try await SupervisorHarness.with { host in
            _ = try await host.deploy()
            let held = Task { try await host.call("Hold") }
            try await host.wait("the call is in the instance") { host.driver.started[0].hold.count == 1 }
            // Not released: the connection breaks under the call.
            host.driver.started[0].end(.signal(9))
            await #expect(throws: RPCError.self) { try await held.value }
            try await host.wait("the crash is seen") { try await host.call() == 1 }
            #expect(host.driver.started.count == 2)
        }
    }

    @Test func idleInstanceStopsAndComesBack() async throws {
        try await SupervisorHarness.with(idleTimeout: .milliseconds(200)) { host in
            _ = try await host.deploy()
            let held = Task { try await host.call("Hold") }
            // On a busy machine the first instance may have been idle for long enough before the call came.
            func holding() -> ServerInstance? { host.driver.started.first { $0.hold.count == 1 } }
            try await host.wait("the call is in an instance") { holding() != nil }
            let instance = try #require(holding())
            try await Task.sleep(for: .milliseconds(600))
            #expect(!instance.hasEnded, "an instance with a call is not idle")
            instance.hold.release()
            #expect(try await held.value == 1)
            try await host.wait("it stops") { host.driver.alive.isEmpty }
            let before = host.driver.started.count
            #expect(try await host.call() == 1)
            #expect(host.driver.started.count == before + 1)
        }
    }

    @Test func queueOfWaitingCallsIsBounded() async throws {
        try await SupervisorHarness.with(startTimeout: .seconds(5), waitingCalls: 3) { host in
            host.driver[7] = .init(isSilent: true)
            let manifest = Manifest(name: SupervisorHarness.service.service)
            host.supervisor.add([
                (SupervisorHarness.service, RunnableVersion(number: 7, manifest: manifest, codeDirectory: "/nowhere"))
            ])
            try await withThrowingTaskGroup(of: Void.self) { calls in
                for _ in 0..<3 { calls.addTask { _ = try? await host.call() } }
                try await host.wait("three calls wait") {
                    host.router.waitingRoom.count(SupervisorHarness.service) == 3
                }
                let error = await #expect(throws: RPCError.self) { try await host.call() }
                #expect(error?.reason == .queueFull)
                calls.cancelAll()
            }
        }
    }

    @Test func laterDeploymentWinsAndTheEarlierIsTold() async throws {
        try await SupervisorHarness.with { host in
            host.driver[1] = .init(isSilent: true)
            let first = Task { try await host.deploy() }
            try await host.wait("the first one starts") { host.driver.started.count == 1 }
            #expect(try await host.deploy() == 2)
            let error = await #expect(throws: RPCError.self) { try await first.value }
            #expect(error?.code == .aborted)
            #expect(try await host.call() == 2)
        }
    }

    @Test func programsOnTheOnePortNeverMeet() async throws {
        try await SupervisorHarness.with { host in
            for version in 1...4 { host.driver[version] = .init(needsPort: true) }
            host.driver[4].isSilent = false
            _ = try await host.deploy()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<4 {
                    tasks.addTask { while try await host.call() != 4 {} }
                }
                for version in 2...4 { #expect(try await host.deploy() == version) }
                try await tasks.waitForAll()
            }
            #expect(host.driver.mostAlive == 1)
        }
    }

    @Test func catalogThatFailsKeepsTheOldVersion() async throws {
        let catalog = FullDiskCatalog()
        try await SupervisorHarness.with(catalog: catalog) { host in
            _ = try await host.deploy()
            catalog.isFailing.store(true, ordering: .relaxed)
            await #expect(throws: RPCError.self) { try await host.deploy() }
            #expect(try await host.call() == 1)
            try await host.wait("the refused version's instance ends") { host.driver.alive.count == 1 }
        }
    }

    @Test func shutdownKillsWhatDoesNotEnd() async throws {
        try await SupervisorHarness.with { host in
            host.driver[1] = .init(ignoresTermination: false)
            _ = try await host.deploy()
            host.supervisor.shutdown()
            try await host.wait("it ends") { host.driver.alive.isEmpty }
            let error = await #expect(throws: RPCError.self) { try await host.call() }
            #expect(error?.reason == .shuttingDown)
            await #expect(throws: RPCError.self) { try await host.deploy() }
        }
    }

    @Test func callsToUnknownServicesAreRefused() async throws {
        try await SupervisorHarness.with { host throws in
            let error = await #expect(throws: RPCError.self) { try await host.call() }
            #expect(error?.reason == .noService)
        }
    }
}
