import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Instances that fail, with real signals", .timeLimit(.minutes(3))) struct InstanceFaultTests {
    @Test(arguments: TestDriver.all) func killUnderLoadFailsOnlyTheCallsInside(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(driver: driver, witness: witness) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 3])
            _ = try await host.witnessInstances(expecting: 3)
            let isDone = Shared(false)
            let answered = Shared(0)
            let failed = Shared<[RPCError]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        while !isDone.value {
                            do {
                                _ = try await host.witness("", "Slow", 5)
                                answered.change { $0 += 1 }
                            } catch let error as RPCError {
                                failed.change { $0.append(error) }
                            }
                        }
                    }
                }
                for _ in 0..<3 {
                    _ = try await host.witnessInstances(expecting: 3)
                    let before = answered.value
                    try await wait("calls are answered") { answered.value > before + 100 }
                    try await driver.kill(try #require(try await host.witness("", "Id").stringValue))
                }
                let before = answered.value
                try await wait("calls are answered") { answered.value > before + 100 }
                isDone.change { $0 = true }
                try await group.waitForAll()
            }
            #expect(answered.value > 100)
            // At most those that were in the three instances when they died.
            #expect(failed.value.count <= 48, "\(failed.value.count) calls failed")
            for error in failed.value { #expect(error.reason == .instanceDied, "\(error)") }
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func stoppedInstanceGetsNoCallsAndIsReplaced(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.instances.liveness.silenceTimeout = .milliseconds(600)
                $0.instances.liveness.livenessTimeout = .seconds(3)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            let before = try await host.witnessInstances(expecting: 2)
            let stopped = try #require(before.randomElement())
            try await driver.pause(stopped)
            // Deadlines hold, whichever instance a call went to.
            var late = 0
            for _ in 0..<20 {
                do {
                    _ = try await host.witness("", "Id", timeout: .milliseconds(100))
                } catch let error as RPCError {
                    #expect(error.reason == .deadline, "\(error)")
                    late += 1
                }
            }
            #expect(late < 20, "the other instance serves")
            // Soon no call goes there any more.
            try await Task.sleep(for: .milliseconds(1_200))
            for _ in 0..<20 {
                #expect(try await host.witness("", "Id", timeout: .seconds(5)).stringValue != stopped)
            }
            try await wait("it is ended") { try await !driver.isAlive(stopped) }
            try await wait("it is replaced") {
                let now = try await host.witnessInstances(expecting: 2)
                return !now.contains(stopped)
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func busyInstanceIsNoDeadOne(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                // An engine takes up to half a second to say whether a container works.
                $0.instances.liveness.silenceTimeout = .milliseconds(300)
                $0.instances.liveness.livenessTimeout = driver == .process ? .milliseconds(900) : .milliseconds(2_400)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness")
            let instance = try await host.witness("", "Id")
            // It computes, answers nothing meanwhile, and yet finishes its call.
            #expect(try await host.witness("", "Busy", .number(driver == .process ? 3_000 : 8_000)) == instance)
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func scaleToZeroRacesCalls(driver: TestDriver) async throws {
        try driver.require()
        // Nearly each time an instance starts.
        let times = driver == .process ? 500 : 20
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.scaling.policy.idleTime = .milliseconds(10)
                $0.scaling.policy.maxIdleTime = .milliseconds(10)
                $0.scaling.interval = .milliseconds(5)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness")
            var instances: Set<LeverValue> = []
            for _ in 0..<times {
                instances.insert(try await host.witness("", "Id"))
                try await Task.sleep(for: .milliseconds(Int.random(in: 10...35)))
            }
            #expect(instances.count > 3, "it was never scaled to zero: the test says nothing")
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func scaleDownLosesNoCall(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.scaling.policy.quietTime = .milliseconds(100)
                $0.scaling.policy.maxQuietTime = .milliseconds(200)
                $0.scaling.policy.panicWindow = .milliseconds(200)
                $0.scaling.policy.stableWindow = .milliseconds(200)
                $0.scaling.interval = .milliseconds(50)
            }
        ) { host in
            _ = try await host.deploy(
                witness.script("1"), name: "witness", manifest: ["maxInstanceLoad": 2, "maxInstances": 4])
            let instances = Shared<Set<LeverValue>>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Long calls, so that whatever leaves has some in progress.
                for _ in 0..<12 {
                    group.addTask {
                        for _ in 0..<6 {
                            _ = try await host.witness("", "Slow", .number(Double.random(in: 100...500)))
                            let instance = try await host.witness("", "Id")
                            instances.change { $0.insert(instance) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(instances.value.count > 1, "it never scaled up")
            // Few calls at a time, until there are fewer instances; none of them fails.
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isDone = Shared(false)
                defer { isDone.change { $0 = true } }
                for _ in 0..<2 {
                    group.addTask { while !isDone.value { _ = try await host.witness("", "Slow", 300) } }
                }
                try await wait("it scales down", seconds: 30) {
                    (try await host.admin("ListInstances", "dev.lever", "witness").arrayValue?.count ?? 9) < 4
                }
                isDone.change { $0 = true }
                try await group.waitForAll()
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func callerThatVanishesCancelsTheHandler(
        driver: TestDriver
    ) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let data = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver, data: data)
        let host = try await HostProcess.start(data: data.path, driver.hostArguments())
        let code = try ServiceFolder(name: "witness", witness.script("1"))
        #expect(try await host.lever("deploy", "dev.lever", code.path).status == 0)
        let caller = try Command(
            "lever", ["invoke", "lever://dev.lever/witness/UntilGone"], environment: ["LEVEROS_IP_PORT": host.address])
        try await wait("the handler runs") { try witness.entries.contains { $0.event == "waits" } }
        caller.send(SIGKILL)
        _ = await caller.end()
        try await wait("the handler hears of it") { try witness.entries.contains { $0.event == "cancelled" } }
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
        withExtendedLifetime(folder) {}
    }
}
