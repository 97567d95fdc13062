import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Resources, with real instances", .timeLimit(.minutes(3))) struct ResourceFaultTests {
    @Test(arguments: TestDriver.all) func aThousandFirstCallsActivateOnce(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(driver: driver, witness: witness) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            let answers = Shared<Set<LeverValue>>([])
            try await withThrowingTaskGroup(of: Void.self) { calls in
                for _ in 0..<1_000 {
                    calls.addTask {
                        let answer = try await host.witness("slow room", "Touch")
                        answers.change { $0.insert([answer[0] ?? nil, answer[1] ?? nil]) }
                    }
                }
                try await calls.waitForAll()
            }
            #expect(answers.value.count == 1, "instances and epochs: \(answers.value)")
        }
        let activations = try witness.check()
        #expect(activations == ["slow room": 1])
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func resourcesStickToTheirInstanceAndSpread(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(driver: driver, witness: witness) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 3])
            _ = try await host.witnessInstances(expecting: 3)
            var first: [String: LeverValue] = [:]
            for room in 0..<30 { first["r\(room)"] = try await host.witness("r\(room)", "Touch")[0] }
            #expect(Set(first.values).count == 3)
            for (room, instance) in first { #expect(try await host.witness(room, "Touch")[0] == instance) }
        }
        let activations = try witness.check()
        #expect(activations.values.allSatisfy { $0 == 1 })
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func hookThatFailsHangsOrCrashesIsToldAndLeavesNoResidue(
        driver: TestDriver
    ) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.resources.newResourceTimeout = .milliseconds(500)
                $0.resources.closeResourceTimeout = .milliseconds(500)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness")
            for (room, words) in [
                ("refused", ["refused", "no such room"]), ("hanging", ["hanging", "NewResource got no answer"]),
                ("deadly", ["deadly", "connection was lost"]),
            ] {
                let error = await #expect(throws: RPCError.self) { _ = try await host.witness(room, "Touch") }
                #expect(error?.code == .unavailable)
                for word in words { #expect(error?.message.contains(word) == true, "\(room): \(error?.message ?? "")") }
            }
            // Others go on, those that wait for no answer included.
            try await wait("the service has recovered") { (try? await host.witness("good", "Touch")) != nil }
        }
        let activations = try witness.check()
        #expect(Set(activations.keys) == ["good"])
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func idleResourcesAreClosedAndComeBackUnderCalls(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.resources.resourceIdleTimeout = .milliseconds(100)
                $0.scaling.interval = .milliseconds(20)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness")
            try await withThrowingTaskGroup(of: Void.self) { calls in
                for room in 0..<8 {
                    calls.addTask {
                        for _ in 0..<40 {
                            _ = try await host.witness("r\(room)", "Touch")
                            // Around the timeout, so that calls and the closing race.
                            try await Task.sleep(for: .milliseconds(Int.random(in: 60...160)))
                        }
                    }
                }
                try await calls.waitForAll()
            }
            try await wait("all are closed") {
                try witness.entries.count { $0.event == "new" } == witness.entries.count { $0.event == "close" }
            }
        }
        let activations = try witness.check()
        #expect(activations.values.contains { $0 > 1 }, "nothing was ever closed: the test says nothing")
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func instanceDeathMovesItsResourcesAtTheNextCall(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(driver: driver, witness: witness) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            let before = try await host.witness("room", "Touch")
            let holder = try #require(before[0]?.stringValue)
            try witness.willKill(holder)
            try await driver.kill(holder)
            try await wait("it lives elsewhere") {
                guard let after = try? await host.witness("room", "Touch") else { return false }
                return after[0] != before[0] && (after[1]?.intValue ?? 0) > (before[1]?.intValue ?? 0)
            }
        }
        let activations = try witness.check()
        #expect(activations == ["room": 2])
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func instanceThatDoesNotLetGoIsEndedAndOnlyItsResourceWaits(
        driver: TestDriver
    ) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.resources.closeResourceTimeout = .milliseconds(300)
                $0.resources.resourceIdleTimeout = .milliseconds(200)
                $0.scaling.interval = .milliseconds(50)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 1])
            let held = try await host.witness("sticky", "Touch")
            let instance = try #require(held[0]?.stringValue)
            // Idle, asked to be given up, and not given up: the next one comes only after the instance's end.
            try witness.willKill(instance)
            // A call would keep it from being idle.
            try await Task.sleep(for: .milliseconds(700))
            try await wait("another instance has it") {
                guard let now = try? await host.witness("sticky", "Touch") else { return false }
                return now[0]?.stringValue != instance
            }
        }
        try witness.check()
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func instanceWhoseHandlersGoOnKeepsTheResourceUntilItIsDead(
        driver: TestDriver
    ) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.resources.moveWindow = .milliseconds(100)
                $0.resources.drainTimeout = .milliseconds(200)
                $0.resources.closeResourceTimeout = .milliseconds(500)
                $0.resources.lostAnswerGrace = .milliseconds(200)
                $0.instances.drainTimeout = .milliseconds(500)
                $0.instances.channelDrainTimeout = .milliseconds(500)
                $0.instances.terminationGrace = .milliseconds(500)
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            let before = try await host.witness("room", "Touch")
            let instance = try #require(before[0]?.stringValue)
            // The handler does not hear that its call was ended, and CloseResource waits for it for longer than it may.
            let long = Task { try? await host.witness("room", "Touch", 30_000) }
            try await wait("the handler runs") { try witness.entries.count { $0.event == "begin" } == 2 }
            let move = Task { try? await host.admin("MoveResource", "dev.lever", "witness", "room") }
            try await wait("another instance has it") {
                guard let now = try? await host.witness("room", "Touch", timeout: .seconds(1)) else { return false }
                guard now[0] != before[0] else { return false }
                let isAlive = try await driver.isAlive(instance)
                #expect(!isAlive, "the instance lives, and its handler acts for the resource")
                return true
            }
            _ = await (long.value, move.value)
        }
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func moveTakesAResourceToTheInstanceThatIsNamed(driver: TestDriver) async throws {
        try driver.require()
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        try await EmbeddedHost.with(driver: driver, witness: witness) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            _ = try await host.witnessInstances(expecting: 2)
            let before = try await host.witness("room", "Touch")
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isDone = Shared(false)
                for _ in 0..<4 {
                    group.addTask { while !isDone.value { _ = try await host.witness("room", "Touch", 3) } }
                }
                _ = try await host.admin("MoveResource", "dev.lever", "witness", "room")
                isDone.change { $0 = true }
                try await group.waitForAll()
            }
            #expect(try await host.witness("room", "Touch")[0] != before[0])
        }
        let activations = try witness.check()
        #expect(activations["room"] == 2)
        withExtendedLifetime(folder) {}
    }
}
