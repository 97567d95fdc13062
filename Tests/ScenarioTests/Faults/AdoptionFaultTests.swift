import DockerTestSupport
import Foundation
import LeverClient
import LeverCore
import Testing

/// Hosts that are killed and started again: what runs in containers goes on.
@Suite(
    "Docker: killed hosts", .timeLimit(.minutes(5)), .serialized,
    .enabled(if: DockerTestEngine.current != nil, Comment(rawValue: DockerTestEngine.absence)))
struct AdoptionFaultTests {
    private static func script(_ version: String) -> String {
        """
        const leveros = require("leveros");
        const client = new leveros.Client();
        const id = process.env.LEVEROS_INSTANCE_ID;
        const counts = new Map();
        exports.NewResource = async (resource) => { counts.set(resource, 0); };
        exports.CloseResource = async (resource) => { counts.delete(resource); };
        exports.touch = async (resource) => {
            counts.set(resource, counts.get(resource) + 1);
            console.log("touch", resource, counts.get(resource));
            return [id, leveros.context().resourceEpoch, counts.get(resource)];
        };
        exports.Id = async () => id;
        exports.Version = async () => "\(version)";
        exports.Through = async () => client.service("dev.lever", "keeper").invoke("Id");
        exports.Exit = async () => process.exit(3);
        exports.Spin = async () => { for (;;); };
        """
    }

    /// A program that knows nothing of our SDKs and listens on port 3837.
    private static let plain = """
        require("node:http2").createServer().on("stream", (stream) => {
            stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
        }).listen(3837);
        """

    /// What `touch` answers.
    private struct Touch: Equatable {
        var instance: String
        var epoch: Int
        var count: Int
    }

    /// What the service is written in.
    enum Language: CaseIterable, Sendable { case javaScript, swift }

    /// The same service, which counts the calls of each of its resources in memory.
    private static func service(
        in language: Language, _ version: String, manifest: [String: LeverValue] = [:]
    ) async throws -> ServiceFolder {
        switch language {
        case .javaScript: return try ServiceFolder(name: "keeper", script(version), manifest: manifest)
        case .swift:
            var fields: LeverValue = [
                "name": "keeper", "entry": ["./ActorKeeper"], "config": ["version": .string(version)],
            ]
            for (key, value) in manifest { fields[key] = value }
            let folder = try ServiceFolder(["lever.json": fields.json()])
            // The image has neither Swift nor zlib; a program looks for its libraries beside itself, too.
            let program = Command.products.appendingPathComponent("ActorKeeper").path
            let strip = try await Command.run("strip", ["-o", "\(folder.path)/ActorKeeper", program])
            try #require(strip.status == 0, "\(strip.error)")
            for library in try await Command.run("ldd", [program]).output.matches(
                of: /\/\S*(?:\/swift\/\S*\.so|\/libz\.so\.1)/)
            {
                let file = URL(fileURLWithPath: String(library.output))
                try FileManager.default.copyItem(
                    atPath: file.resolvingSymlinksInPath().path, toPath: "\(folder.path)/\(file.lastPathComponent)")
            }
            return folder
        }
    }

    private static func deploy(_ folder: ServiceFolder, to host: HostProcess) async throws {
        let result = try await host.lever("deploy", "dev.lever", folder.path)
        try #require(result.status == 0, "\(result.error)")
    }

    /// Kills a host and starts it again on the same data.
    private static func killAndStart(
        _ host: HostProcess, data: ServiceFolder, _ arguments: [String] = []
    ) async throws -> HostProcess {
        host.command.send(SIGKILL)
        _ = await host.command.end()
        return try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments() + arguments)
    }

    private static func end(_ host: HostProcess, service: String) async throws {
        host.command.send(SIGTERM)
        let end = await host.command.end()
        #expect(end.status == 0, "\(end.error)")
        #expect(try await TestDriver.containers(labelled: "com.leveros.service=\(service)").isEmpty)
    }

    private static func call(_ host: HostProcess, _ path: String) async throws -> LeverValue {
        try await call(LeverClient(host: host.address), path)
    }

    private static func call(_ client: LeverClient, _ path: String) async throws -> LeverValue {
        let url = try LeverURL("lever://dev.lever/keeper/\(path)")
        switch try await client.call(url, .values([])) {
        case .result(let value): return value
        case .error(let value): throw RemoteError(url: url, payload: .value(value))
        case .bytes, .errorBytes: throw RPCError(.badMessage, "bytes")
        }
    }

    private static func touch(_ client: LeverClient, _ resource: String) async throws -> Touch {
        let value = try await call(client, "\(resource)/touch")
        return Touch(
            instance: try #require(value[0]?.stringValue), epoch: try #require(value[1]?.intValue),
            count: try #require(value[2]?.intValue))
    }

    private static func touch(_ host: HostProcess, _ resource: String) async throws -> Touch {
        try await touch(LeverClient(host: host.address), resource)
    }

    @Test(arguments: Language.allCases) func instancesGoOnWithWhatTheyHold(language: Language) async throws {
        let data = try ServiceFolder()
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(Self.service(in: language, "1"), to: host)
        let first = try await Self.touch(host, "room")
        #expect(try await Self.touch(host, "room").count == 2)
        for round in 1...2 {
            host = try await Self.killAndStart(host, data: data)
            // In memory as it was, under the same epoch.
            let again = try await Self.touch(host, "room")
            #expect(again == Touch(instance: first.instance, epoch: first.epoch, count: 2 + round))
            #expect(try await Self.call(host, "Id") == .string(first.instance))
            let other = try await Self.touch(host, "other \(round)")
            #expect(other.instance == first.instance && other.epoch > first.epoch && other.count == 1)
            // Its own calls find the new host.
            #expect(try await Self.call(host, "Through") == .string(first.instance))
            let events = try await host.lever("events", "--lines", "100")
            #expect(events.output.contains("instance-adopted"), "\(events.output) \(events.error)")
        }
        // What it wrote is whole, and nothing of it is there twice.
        let live = host
        try await wait("all lines are kept") {
            let logs = try await live.lever("logs", "--no-prefix", "--instance", first.instance, "keeper").output
            let rooms = logs.split(separator: "\n").filter { $0.contains("touch room") }
            return rooms.map(String.init) == (1...4).map { "touch room \($0)" }
        }
        // A new version takes over as ever.
        try await Self.deploy(Self.service(in: language, "2"), to: host)
        let moved = try await Self.touch(host, "room")
        #expect(moved.instance != first.instance && moved.epoch > first.epoch && moved.count == 1)
        #expect(try await Self.call(host, "Version") == "2")
        try await wait("the old instance ends") { try await !TestDriver.docker.isAlive(first.instance) }
        try await Self.end(host, service: "keeper")
    }

    @Test(arguments: ["paused", "busy"]) func whatDoesNotAnswerIsReplaced(how: String) async throws {
        let data = try ServiceFolder()
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(ServiceFolder(name: "keeper", Self.script("1")), to: host)
        let first = try await Self.touch(host, "room")
        let client = try LeverClient(host: host.address)
        let spinning = Task { if how == "busy" { _ = try await Self.call(client, "Spin") } }
        if how == "paused" {
            try await TestDriver.docker.pause(first.instance)
        } else {
            try await wait("it is busy") {
                await
                    (try? client.call(
                        LeverURL("lever://dev.lever/keeper/Id"), .values([]), options: .timeout(.milliseconds(300))))
                    == nil
            }
        }
        host = try await Self.killAndStart(host, data: data)
        _ = try? await spinning.value
        #expect(try await !TestDriver.docker.isAlive(first.instance))
        let next = try await Self.touch(host, "room")
        #expect(next.instance != first.instance && next.epoch > first.epoch && next.count == 1)
        try await Self.end(host, service: "keeper")
    }

    @Test func aHostMayBeToldToAdoptNothing() async throws {
        let data = try ServiceFolder()
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(Self.service(in: .javaScript, "1"), to: host)
        let first = try await Self.touch(host, "room")
        host = try await Self.killAndStart(host, data: data, ["--adoption-timeout", "0s"])
        #expect(try await !TestDriver.docker.isAlive(first.instance))
        let next = try await Self.touch(host, "room")
        #expect(next.instance != first.instance && next.epoch > first.epoch && next.count == 1)
        try await Self.end(host, service: "keeper")
    }

    @Test func aProgramWithoutOurSDKIsReplaced() async throws {
        let data = try ServiceFolder()
        let code = try ServiceFolder([
            "lever.json": #"{"name": "plain", "entry": ["node", "plain.js"], "minInstances": 1}"#,
            "plain.js": Self.plain,
        ])
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(code, to: host)
        func containers() async throws -> Set<String> {
            Set(
                try await TestDriver.containers(labelled: "com.leveros.service=plain").compactMap {
                    $0["Labels"]?["com.leveros.instance"]?.stringValue
                })
        }
        let before = try await containers()
        #expect(before.count == 1)
        host = try await Self.killAndStart(host, data: data)
        #expect(try await before.isDisjoint(with: containers()))
        try await Self.end(host, service: "plain")
    }

    @Test(arguments: Language.allCases) func callersHearHowAnAdoptedInstanceEnded(language: Language) async throws {
        let data = try ServiceFolder()
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(Self.service(in: language, "1"), to: host)
        let first = try await Self.touch(host, "room")
        host = try await Self.killAndStart(host, data: data)
        let adopting = host
        #expect(try await Self.call(host, "Id") == .string(first.instance))
        let error = await #expect(throws: RPCError.self) { try await Self.call(adopting, "Exit") }
        #expect(error?.reason == .instanceDied)
        #expect(error?.message.contains("exited with code 3") == true, "\(error?.message ?? "")")
        let next = try await Self.touch(host, "room")
        #expect(next.instance != first.instance && next.epoch > first.epoch && next.count == 1)
        try await Self.end(host, service: "keeper")
    }

    @Test(arguments: Language.allCases) func killsUnderLoadNeverGiveTwoActivations(language: Language) async throws {
        let data = try ServiceFolder()
        var host = try await HostProcess.start(data: data.path, TestDriver.docker.hostArguments())
        try await Self.deploy(Self.service(in: language, "1", manifest: ["minInstances": 2]), to: host)
        let address = Shared(host.address)
        let isDone = Shared(false)
        let answers = Shared(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    var last: Touch?
                    // A few stay, the others come and go, so that hooks are on their way when a host is killed.
                    var turn = 0
                    while !isDone.value {
                        turn += 1
                        let resource = number < 4 ? "room \(number)" : "guest \(number) \(turn)"
                        guard let answer = try? await Self.touch(LeverClient(host: address.value), resource) else {
                            try await Task.sleep(for: .milliseconds(20))
                            continue
                        }
                        answers.change { $0 += 1 }
                        guard number < 4 else { continue }
                        if let last {
                            // The same activation, which remembers; or a later one.
                            let isSame = answer.epoch == last.epoch
                            #expect(isSame || answer.epoch > last.epoch, "\(last), then \(answer)")
                            #expect(!isSame || answer.instance == last.instance, "\(last), then \(answer)")
                            #expect(!isSame || answer.count > last.count, "\(last), then \(answer)")
                        }
                        last = answer
                    }
                }
            }
            defer { isDone.change { $0 = true } }
            for _ in 0..<4 {
                let before = answers.value
                try await wait("calls are answered", seconds: 60) { answers.value > before + 100 }
                host = try await Self.killAndStart(host, data: data)
                let now = host.address
                address.change { $0 = now }
            }
            let before = answers.value
            try await wait("calls are answered", seconds: 60) { answers.value > before + 100 }
            isDone.change { $0 = true }
            try await group.waitForAll()
        }
        try await Self.end(host, service: "keeper")
    }
}
