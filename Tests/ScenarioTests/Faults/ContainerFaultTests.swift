import DockerTestSupport
import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// What happens to containers only.
@Suite(
    "Docker: what happens to containers", .timeLimit(.minutes(5)),
    .enabled(if: DockerTestEngine.current != nil, Comment(rawValue: DockerTestEngine.absence)))
struct ContainerFaultTests {
    /// A service that does what a test says.
    private static let script = """
        const fs = require("fs");
        const net = require("net");
        const os = require("os");
        exports.Id = async () => process.env.LEVEROS_INSTANCE_ID;
        exports.Slow = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        exports.Eat = async () => {
            for (const held = [];; await new Promise(setImmediate)) held.push(Buffer.alloc(4 << 20, 1));
        };
        exports.Fill = async (path) => {
            const file = fs.openSync(path, "w");
            const block = Buffer.alloc(1 << 20, 1);
            let written = 0;
            try {
                while (written < 1e9) written += fs.writeSync(file, block);
                return "there is no end to it";
            } catch (error) { return error.code; } finally { fs.closeSync(file); }
        };
        exports.Remove = async (path) => fs.unlinkSync(path);
        exports.Write = async (path) => {
            try { fs.writeFileSync(path, "x"); return "written"; } catch (error) { return error.code; }
        };
        exports.Status = async () => Object.fromEntries(
            fs.readFileSync("/proc/self/status", "utf8").split("\\n").filter(Boolean).map((line) => line.split(/:\\s*/)));
        exports.Addresses = async () => {
            const own = Object.values(os.networkInterfaces()).flat().filter((one) => !one.internal).map((one) => one.address);
            const gateways = fs.readFileSync("/proc/net/route", "utf8").split("\\n").slice(1).map((line) => line.split("\\t")[2])
                .filter((hex) => hex && hex !== "00000000").map((hex) => hex.match(/../g).reverse().map((two) => parseInt(two, 16)).join("."));
            return { own, gateways };
        };
        // Which targets are reached, those on this container itself aside.
        exports.Reach = async (targets) => {
            const own = Object.values(os.networkInterfaces()).flat().map((one) => one.address);
            const others = targets.filter(([host]) => !own.includes(host));
            const reached = await Promise.all(others.map(([host, port]) => new Promise((resolve) => {
                setTimeout(() => resolve(false), 1500);
                net.connect(port, host, () => resolve(true)).on("error", (error) => resolve(error.code === "ECONNREFUSED"));
            })));
            return { tried: others.length, reached: others.filter((_, index) => reached[index]) };
        };
        """

    @Test func memoryThatRunsOutIsNamed() async throws {
        try await EmbeddedHost.with(driver: .docker) { host in
            _ = try await host.deploy(Self.script, manifest: ["ram": 150])
            let first = try await host.call("Id")
            let error = await #expect(throws: RPCError.self) { try await host.call("Eat") }
            #expect(error?.reason == .instanceDied, "\(String(describing: error))")
            #expect(error?.message.contains("it ran out of memory") == true, "\(String(describing: error))")
            try await wait("the events say why it ended") {
                for try await message in try await host.client.admin().events() {
                    guard case .entry(let event) = message, event.kind == "instance-ended" else { continue }
                    if event.instance == first.stringValue, event.message.contains("out of memory") { return true }
                }
                return false
            }
            try await wait("another instance answers") { (try? await host.call("Id")).map { $0 != first } ?? false }
        }
    }

    @Test func fullDiskIsTheInstancesOwnAffair() async throws {
        try await EmbeddedHost.with(driver: .docker) { host in
            _ = try await host.deploy(Self.script, manifest: ["ram": 200])
            let before = try await host.call("Id")
            #expect(try await host.call("Fill", "/tmp/full") == "ENOSPC")
            #expect(try await host.call("Write", "/tmp/more") == "ENOSPC")
            // It serves on, and has room again once it makes some.
            #expect(try await host.call("Remove", "/tmp/full") == .null)
            #expect(try await host.call("Write", "/tmp/more") == "written")
            #expect(try await host.call("Id") == before)
        }
    }

    @Test func instanceIsShutIn() async throws {
        try await EmbeddedHost.with(driver: .docker) { host in
            _ = try await host.deploy(Self.script)
            for path in ["/x", "/etc/passwd", "server.js", "/usr/bin/node", "/var/tmp/x"] {
                let answer = try await host.call("Write", .string(path))
                #expect(["EROFS", "EACCES", "EPERM"].contains(answer), "\(path): \(answer)")
            }
            let status = try await host.call("Status")
            #expect(status["Uid"]?.stringValue?.hasPrefix("0") == false, "\(status)")
            #expect(status["CapEff"]?.stringValue?.allSatisfy { $0 == "0" } == true, "\(status)")
            #expect(status["CapBnd"]?.stringValue?.allSatisfy { $0 == "0" } == true, "\(status)")
            #expect(status["NoNewPrivs"] == "1")
            #expect(status["Seccomp"] == "2")
        }
    }

    @Test func imageWithoutTheEntryFailsTheDeploymentAndLeavesTheOldVersion() async throws {
        let engine = try #require(DockerTestEngine.current)
        try await EmbeddedHost.with(driver: .docker) { host in
            #expect(try await host.deploy(Scripts.hello("1")) == 1)
            // The image of one service has no node, that of the other no such program.
            for (manifest, word) in [
                (#"{"name": "hello", "jsEntry": "server.js", "image": "\#(engine.emptyImage)"}"#, "node"),
                (#"{"name": "hello", "entry": ["no-such-program"]}"#, "no-such-program"),
            ] {
                let folder = try ServiceFolder(["lever.json": manifest, "server.js": Scripts.hello("2")])
                let error = await #expect(throws: RemoteError.self) {
                    _ = try await host.client.deploy(folder.path, to: .default)
                }
                let text = error?.value?.stringValue ?? ""
                #expect(text.contains("version") && text.contains(word), "\(text)")
            }
            #expect(try await host.call("Version") == "1")
        }
    }

    @Test(
        .enabled(
            if: DockerTestEngine.restartAbsence == nil, Comment(rawValue: DockerTestEngine.restartAbsence ?? "")))
    func engineRestartsUnderLoadAndTheHostRecovers() async throws {
        let engine = try #require(DockerTestEngine.current)
        try await EmbeddedHost.with(driver: .docker) { host in
            _ = try await host.deploy(Scripts.hello("1"), manifest: ["minInstances": 2])
            let isDone = Shared(false)
            let answered = Shared(0)
            let failed = Shared<[RPCError]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        while !isDone.value {
                            do {
                                _ = try await host.call("Slow", 5)
                                answered.change { $0 += 1 }
                            } catch let error as RPCError {
                                failed.change { $0.append(error) }
                                // Refusals come at once: this is no test of how many there can be.
                                try await Task.sleep(for: .milliseconds(50))
                            }
                        }
                    }
                }
                defer { isDone.change { $0 = true } }
                func waitForAnswers() async throws {
                    let before = answered.value
                    try await wait("calls are answered", seconds: 60) { answered.value > before + 100 }
                }
                try await waitForAnswers()
                // Without its engine, what runs goes on; what would have to start says why it does not.
                try await engine.control(.kill)
                let failures = failed.value.count
                try await waitForAnswers()
                #expect(failed.value.count == failures, "\(failed.value)")
                let error = await #expect(throws: RemoteError.self) { _ = try await host.deploy(Scripts.hello("2")) }
                #expect(error?.value?.stringValue?.contains(engine.socket) == true, "\(String(describing: error))")
                // An engine that starts ends the containers that it finds; they are replaced.
                try await engine.control(.start)
                try await waitForAnswers()
                try await engine.control(.restart)
                try await waitForAnswers()
                isDone.change { $0 = true }
                try await group.waitForAll()
            }
            for error in failed.value {
                #expect(error.code == .unavailable, "\(error)")
            }
            try await wait("a version can be deployed", seconds: 60) {
                (try? await host.deploy(Scripts.hello("3"))) != nil
            }
            #expect(try await host.call("Version") == "3")
        }
    }

    @Test func environmentsCannotReachEachOtherOrTheHost() async throws {
        try await EmbeddedHost.with(driver: .docker) { host in
            _ = try await host.deploy(Self.script, manifest: ["minInstances": 2])
            let folder = try ServiceFolder(name: "hello", Self.script)
            _ = try await host.client.deploy(folder.path, to: try EnvironmentName("other.lever"))
            let mine = try await host.call("Addresses")
            let url = try LeverURL("lever://other.lever/hello/Addresses")
            guard case .result(let theirs) = try await host.client.call(url, .values([])) else {
                Issue.record("the other environment does not answer")
                return
            }
            let port = try #require(Int(host.address.split(separator: ":").last ?? ""))
            let gateway = try #require(mine["gateways"]?[0])
            let stranger = try #require(theirs["gateways"]?[0])
            #expect(gateway != stranger)
            var targets: [LeverValue] = [
                [gateway, .number(Double(port))], [gateway, 22], [stranger, .number(Double(port))], [stranger, 22],
                ["172.17.0.1", 22], ["169.254.169.254", 80],
            ]
            for address in theirs["own"]?.arrayValue ?? [] { targets.append([address, 3837]) }
            // Neighbours of the same environment, wherever they are.
            let own = try #require(mine["own"]?[0]?.stringValue)
            let network = own.split(separator: ".").dropLast().joined(separator: ".")
            for last in 2..<8 { targets.append([.string("\(network).\(last)"), 3837]) }
            // Whichever instance answers, the other one is among them.
            let answer = try await host.call("Reach", .array(targets))
            #expect(answer["reached"] == [], "\(answer)")
            #expect(answer["tried"]?.intValue == targets.count - 1, "\(answer)")
        }
    }

    @Test func killedHostLeavesNothingThatActsTwice() async throws {
        let data = try ServiceFolder()
        let code = try ServiceFolder(
            name: "witness",
            """
            const leveros = require("leveros");
            exports.NewResource = async () => {};
            exports.Touch = async () => [process.env.LEVEROS_INSTANCE_ID, leveros.context().resourceEpoch];
            """)
        let arguments = try TestDriver.docker.hostArguments()
        var host = try await HostProcess.start(data: data.path, arguments)
        #expect(try await host.lever("deploy", "dev.lever", code.path).status == 0)
        var last: (instance: String, epoch: Int)?
        for round in 0..<4 {
            let answer = try await host.lever("invoke", "lever://dev.lever/witness/room/Touch")
            let value = try LeverValue(json: Array(answer.output.utf8))
            let epoch = try #require(value[1]?.intValue, "\(answer.output) \(answer.error)")
            let instance = try #require(value[0]?.stringValue)
            if let last {
                // It is where it was, or whoever had it is no more.
                let isWhereItWas = last.instance == instance && last.epoch == epoch
                let isGone = try await !TestDriver.docker.isAlive(last.instance)
                #expect(isWhereItWas || isGone && epoch > last.epoch, "\(last), then \(instance) \(epoch)")
                // Every other time it was made to be that way.
                #expect(isWhereItWas == (round % 2 == 1), "\(last), then \(instance) \(epoch)")
            }
            last = (instance, epoch)
            if round % 2 == 1 { try await TestDriver.docker.pause(instance) }
            host.command.send(SIGKILL)
            _ = await host.command.end()
            host = try await HostProcess.start(data: data.path, arguments)
        }
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
        // A host that ends in order leaves no container, no network and no rule.
        #expect(try await TestDriver.containers(labelled: "com.leveros.service=witness").isEmpty)
    }
}
