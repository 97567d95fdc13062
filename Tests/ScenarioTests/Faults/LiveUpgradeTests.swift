import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Code is replaced live", .timeLimit(.minutes(5))) struct LiveUpgradeTests {
    @Test(arguments: TestDriver.all) func deploymentsAndRollbacksUnderLoadFailNothing(driver: TestDriver) async throws {
        try driver.require()
        // Containers take longer to start, and do nothing else differently here.
        let versions = driver == .process ? 21 : 9
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        let service = ServiceID(environment: .default, service: try ServiceName("witness"))
        try await EmbeddedHost.with(
            driver: driver, witness: witness,
            {
                $0.resources.moveWindow = .milliseconds(300)
                $0.uploads.keptVersions = 30
            }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness", manifest: ["minInstances": 2])
            let isDone = Shared(false)
            let calls = Shared(0)
            let moved = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                func keepCalling(_ body: @escaping @Sendable () async throws -> Void) {
                    group.addTask {
                        while !isDone.value {
                            try await body()
                            calls.change { $0 += 1 }
                        }
                    }
                }
                for _ in 0..<3 { keepCalling { _ = try await host.witness("", "Slow", 3) } }
                for room in 0..<6 {
                    keepCalling { _ = try await host.witness("r\(room)", "Touch", .number(Double.random(in: 0...4))) }
                    keepCalling { _ = try await host.witness("r\(room)", "Touch") }
                    // Calls that call back into their own resource must not wait for themselves while it moves.
                    keepCalling { _ = try await host.witness("r\(room)", "Again", .number(Double.random(in: 0...8))) }
                }
                for room in 0..<4 {
                    keepCalling {
                        let url = try LeverURL("lever://dev.lever/witness/c\(room)/talkChan")
                        let channel = try await (room % 2 == 0 ? host.client : host.network).open(url, .values([]))
                        do {
                            for number in 0..<20 {
                                try await channel.send(number)
                                _ = try await channel.receive()
                                try await Task.sleep(for: .milliseconds(20))
                            }
                            try await channel.finish()
                            while try await channel.receive() != nil {}
                        } catch let error as RPCError where error.reason == .resourceUnavailable {
                            // A channel that ends because its resource has moved is no failed call.
                            #expect(error.message.contains("moved"), "\(error)")
                            moved.change { $0 += 1 }
                        }
                    }
                }
                group.addTask {
                    defer { isDone.change { $0 = true } }
                    for version in 2...versions {
                        #expect(
                            try await host.deploy(
                                witness.script("\(version)"), name: "witness", manifest: ["minInstances": 2])
                                == version)
                        if version % 4 == 0 {
                            let target = Int.random(in: 1..<version)
                            _ = try await host.client.admin().rollback(service, to: target)
                            #expect(try await host.witness("", "Version") == .string("\(target)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(calls.value > 200)
            #expect(try await host.witness("", "Version") == .string("\(versions)"))
        }
        let activations = try witness.check()
        #expect(activations.values.reduce(0, +) > 2 * versions, "hardly anything ever moved: \(activations)")
        withExtendedLifetime(folder) {}
    }

    @Test(
        arguments: [
            ("exits", "process.exit(4);", "code 4"), ("hangs", "while (true) {}", "did not answer"),
            ("never listens", "setInterval(() => {}, 1000); throw new Error('sorry');", "sorry"),
        ], TestDriver.all)
    func versionThatDoesNotComeUpLeavesTheOldOneServing(
        broken: (String, String, String), driver: TestDriver
    ) async throws {
        try driver.require()
        let (_, code, word) = broken
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver)
        let startTimeout: Duration = driver == .process ? .seconds(2) : .seconds(5)
        try await EmbeddedHost.with(
            driver: driver, witness: witness, { $0.instances.startTimeout = startTimeout }
        ) { host in
            _ = try await host.deploy(witness.script("1"), name: "witness")
            let isDone = Shared(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        while !isDone.value {
                            let version = try await host.witness("", "Version")
                            #expect(version == "1")
                        }
                    }
                }
                let broken = try ServiceFolder(name: "witness", code)
                let error = await #expect(throws: RemoteError.self) {
                    _ = try await host.client.deploy(broken.path, to: .default)
                }
                let text = error?.value?.stringValue ?? ""
                #expect(text.contains("version 2") && text.contains(word), "\(text)")
                isDone.change { $0 = true }
                try await group.waitForAll()
            }
        }
        withExtendedLifetime(folder) {}
    }

    @Test func killedHostNeverHasTwoActivationsAndItsEpochsGoUp() async throws {
        let folder = try ServiceFolder()
        let witness = try Witness(in: folder)
        let data = try ServiceFolder()
        let code = try ServiceFolder(name: "witness", witness.script("1"))
        var host = try await HostProcess.start(data: data.path)
        #expect(try await host.lever("deploy", "dev.lever", code.path).status == 0)
        var epochs: [Int] = []
        for _ in 0..<4 {
            let answer = try await host.lever("invoke", "lever://dev.lever/witness/room/Touch")
            let value = try LeverValue(json: Array(answer.output.utf8))
            epochs.append(try #require(value[1]?.intValue))
            try witness.willKill(try #require(value[0]?.stringValue))
            host.command.send(SIGKILL)
            _ = await host.command.end()
            // At once: what the earlier run left is ended by the new one, before anything is activated.
            host = try await HostProcess.start(data: data.path)
        }
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
        #expect(epochs == epochs.sorted() && Set(epochs).count == epochs.count, "\(epochs)")
        try witness.check()
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func hostThatIsAskedToEndUnderLoadDrainsAndExitsWithZero(
        driver: TestDriver
    ) async throws {
        try driver.require()
        // What other hosts have is no affair of this one.
        let earlier = driver == .docker ? try await Self.witnessContainers() : []
        let folder = try ServiceFolder()
        let data = try ServiceFolder()
        let witness = try Witness(in: folder, driver: driver, data: data)
        let code = try ServiceFolder(name: "witness", witness.script("1"))
        let host = try await HostProcess.start(data: data.path, driver.hostArguments())
        #expect(try await host.lever("deploy", "dev.lever", code.path).status == 0)
        let calls = try (0..<6).map { number in
            try Command(
                "lever",
                [
                    "invoke",
                    number % 2 == 0 ? "lever://dev.lever/witness/Slow" : "lever://dev.lever/witness/room/Touch", "1500",
                ],
                environment: ["LEVEROS_IP_PORT": host.address])
        }
        try await wait("the calls are in") { try witness.entries.count { $0.event == "begin" } == 3 }
        try await Task.sleep(for: .milliseconds(300))
        host.command.send(SIGTERM)
        for call in calls {
            let result = await call.end()
            #expect(result.status == 0, "\(result.output) \(result.error)")
        }
        #expect(await host.command.end().status == 0)
        switch driver {
        case .process: #expect(HostProcess.instances(of: data.path).isEmpty)
        case .docker:
            let left = Set(try await Self.witnessContainers()).subtracting(earlier)
            #expect(left.isEmpty)
        }
        // The resource was given up in order.
        #expect(try witness.entries.contains { $0.event == "close" && $0.resource == "room" })
        try witness.check()
        withExtendedLifetime(folder) {}
    }

    @Test(arguments: TestDriver.all) func callsToAndFroEndAtTheDepthLimit(driver: TestDriver) async throws {
        try driver.require()
        try await EmbeddedHost.with(driver: driver) { host in
            for (name, other) in [("ping", "pong"), ("pong", "ping")] {
                _ = try await host.deploy(
                    """
                    const leveros = require("leveros");
                    const other = new leveros.Client().service("dev.lever", "\(other)");
                    exports.Down = async (left) => left === 0 ? 0 : 1 + await other.invoke("Down", left - 1);
                    """, name: name)
            }
            let url = try LeverURL("lever://dev.lever/ping/Down")
            guard case .result(let depth) = try await host.client.call(url, .values([31])) else {
                Issue.record("the calls failed")
                return
            }
            #expect(depth == 31)
            let error: String
            switch try await host.client.call(url, .values([40])) {
            case .error(let value): error = value.json()
            case let other: error = "\(other)"
            }
            #expect(error.contains("32"), "\(error)")
        }
    }

    /// The ids of the containers of the service `witness`, of whatever host.
    private static func witnessContainers() async throws -> [String] {
        try await TestDriver.containers(labelled: "com.leveros.service=witness").compactMap { $0["Id"]?.stringValue }
    }
}
