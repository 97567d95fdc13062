import Foundation
import LeverCore
import LeverService
import LeverTransport
import Testing

/// The built program against a server that answers as a host does.
@Suite struct ProgramTests {
    /// The methods that the program calls.
    private static func service() -> LeverService {
        let service = LeverService {
            Method("SayHello") { (name: String) in "Hello, \(name)!" }
            Method("Echo") { (value: LeverValue) in value }
            Method("Where") { CallContext.current?.url.description }
            Method("Reverse") { (bytes: [UInt8]) in [UInt8](bytes.reversed()) }
            Method("Fail") { throw ServiceError(["code": 7]) }
            Method("Prune") { ["image node:20", "network old.lever"] }
            Method("Slow") { try await Task.sleep(for: .seconds(60)) }
            ChannelMethod("EchoChan") { (channel: LeverChannel, greeting: String?) in
                if let greeting { try await channel.send(greeting) }
                for try await message in channel { try await channel.send(message) }
            }
            ChannelMethod("FailChan") { (channel: LeverChannel) in throw ServiceError("no") }
            ChannelMethod("DeployChan") { (channel: LeverChannel, environment: String) in
                var count = 0
                for try await message in channel {
                    if case .bytes(let bytes) = message { count += bytes.count }
                }
                if environment == "broken.lever" { throw ServiceError("it does not start:\n  no such file") }
                try await channel.send(["warning": "unknown key \"nmae\""])
                try await channel.send(["phase": "starting"])
                let live: LeverValue = [
                    "phase": "live", "service": "hello", "version": 3, "url": "lever://\(environment)/hello",
                ]
                try await channel.send(live)
            }
        }
        return service
    }

    private func withHost(_ body: (String) async throws -> Void) async throws {
        try await withServer(Self.service()) { address in try await body("\(address)") }
    }

    private func lever(_ arguments: String..., host: String, input: String = "") async throws -> Program {
        try await Program.run(arguments, input: input, environment: ["LEVEROS_IP_PORT": host])
    }

    @Test func pruneShowsWhatWasRemoved() async throws {
        try await withHost { host in
            let table = try await lever("prune", host: host)
            #expect(table.output == "REMOVED\nimage node:20\nnetwork old.lever\n" && table.status == 0, "\(table)")
            let json = try await lever("prune", "--json", host: host)
            #expect(json.output == #"["image node:20","network old.lever"]"# + "\n")
        }
    }

    // MARK: invoke

    @Test func invokePrintsTheResult() async throws {
        try await withHost { host in
            let seed = try await lever(
                "invoke", "lever://dev.lever/helloService/SayHello", #""world""#, host: host)
            #expect(seed.output == "\"Hello, world!\"\n")
            #expect(seed.status == 0)
            #expect(seed.error == "")
            let pretty = try await lever("invoke", "--pretty", "/hello/Echo", #"{"a":[1,false,null]}"#, host: host)
            #expect(pretty.output == "{\n  \"a\": [\n    1,\n    false,\n    null\n  ]\n}\n")
            let negative = try await lever("invoke", "/hello/Echo", "-1.5", host: host)
            #expect(negative.output == "-1.5\n")
            let bytes = try await lever("invoke", "--bytes", "/hello/Reverse", host: host, input: "abc")
            #expect(bytes.output == "cba")
            let relative = try await lever("invoke", "-E", "shop.lever", "hello/a/b/Where", host: host)
            #expect(relative.output == "\"lever://shop.lever/hello/a/b/Where\"\n")
            let flag = try await Program.run(
                ["invoke", "-H", host, "/hello/Where"], environment: ["LEVEROS_ENV": "x.lever"])
            #expect(flag.output == "\"lever://x.lever/hello//Where\"\n")
        }
    }

    @Test func failuresHaveTheirStatusAndText() async throws {
        try await withHost { host in
            let own = try await lever("invoke", "/hello/Fail", host: host)
            #expect(own.status == 1)
            #expect(own.error == "{\"code\":7}\n")
            #expect(own.output == "")
            let unknown = try await lever("invoke", "/hello/Nothing", host: host)
            #expect(unknown.status == 3)
            #expect(unknown.error.hasPrefix("lever: UNIMPLEMENTED: service hello has no method \"Nothing\"\n"))
            let arguments = try await lever("invoke", "/hello/SayHello", "1", host: host)
            #expect(arguments.status == 3)
            #expect(arguments.error.contains("INVALID_ARGUMENT: argument 1 of SayHello should be String"))
            let late = try await lever("invoke", "--timeout", "50ms", "/hello/Slow", host: host)
            #expect(late.status == 3)
            #expect(late.error.hasPrefix("lever: DEADLINE_EXCEEDED: "))
        }
    }

    @Test(arguments: [
        (["invoke", "/hello/Echo", "world"], #"'"world"'"#), (["invoke", "hello"], "names no method"),
        (["invoke", "/hello/EchoChan"], "Use: lever stream"), (["stream", "/hello/Echo"], "Use: lever invoke"),
        (["invoke"], "Missing expected argument"), (["invoke", "--bytes", "/hello/Echo", "1"], "--bytes"),
        (["invoke", "--timeout", "soon", "/hello/Echo"], "500ms"),
        (["invoke", "-H", "here", "/hello/Echo"], "\"here\""),
        (["unknown"], "lever has no subcommand \"unknown\"\nlever --help"),
        (["deploi"], "did you mean \"lever deploy\"?"),
        (["resource", "mvoe", "hello", "r"], "did you mean \"lever resource move\"?"),
        (["deploy", "./nowhere"], "there is no directory ./nowhere"),
        (["deploy", "dev.lever", "/"], "/ has no lever.json"), (["--nothing"], "--nothing"),
    ])
    func wrongUsageIsTwo(_ arguments: [String], _ text: String) async throws {
        let program = try await Program.run(arguments)
        #expect(program.status == 2)
        #expect(program.error.contains(text))
        #expect(program.output == "")
    }

    @Test func helpAndVersionAreASuccess() async throws {
        #expect(try await Program.run(["--version"]).output == LeverVersion.current + "\n")
        for arguments in [[], ["--help"], ["help", "deploy"], ["invoke", "-h"]] {
            let program = try await Program.run(arguments)
            #expect(program.status == 0)
            #expect(program.output.contains("EXAMPLES"))
            #expect(program.error == "")
        }
    }

    @Test func aHostThatIsNotThereIsExplained() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        let host = "unix:\(directory)/lever-nobody-\(ProcessInfo.processInfo.processIdentifier)"
        let program = try await lever("invoke", "/hello/Echo", "1", host: host)
        #expect(program.status == 3)
        #expect(program.error.contains("UNAVAILABLE"))
        #expect(program.error.contains("Is leveroshost running"))
    }

    // MARK: stream

    @Test func streamSendsLinesAndPrintsMessages() async throws {
        try await withHost { host in
            let program = try await lever(
                "stream", "/hello/EchoChan", #""hi""#, host: host, input: "1\n\n{\"a\": 2}\n\"no line break\"")
            #expect(program.output == "\"hi\"\n1\n{\"a\":2}\n\"no line break\"\n")
            #expect(program.status == 0)
            let bytes = try await lever("stream", "--bytes", "/hello/EchoChan", host: host, input: "a\nb")
            #expect(bytes.output == "a\nb")
        }
    }

    @Test func messagesArePrintedAsTheyCome() async throws {
        try await withHost { host in
            let running = try RunningProgram(["stream", "-H", host, "/hello/EchoChan"])
            for number in 1...3 {
                running.send("\(number)\n")
                #expect(await running.line() == "\(number)")
            }
            running.closeInput()
            #expect(await running.end().status == 0)
        }
    }

    @Test func aMethodThatEndsEndsTheStreamThoughInputIsOpen() async throws {
        try await withHost { host in
            let running = try RunningProgram(["stream", "-H", host, "/hello/FailChan"])
            let program = await running.end()
            #expect(program.status == 1)
            #expect(program.error == "\"no\"\n")
        }
    }

    @Test func aLineThatIsNoJSONIsNamed() async throws {
        try await withHost { host in
            let program = try await lever("stream", "/hello/EchoChan", host: host, input: "1\nworld\n")
            #expect(program.status == 2)
            #expect(program.error.contains("line 2 of the input, world, is not JSON"))
        }
    }

    @Test func anInterruptCancelsTheChannel() async throws {
        try await withHost { host in
            let running = try RunningProgram(["stream", "-H", host, "/hello/EchoChan"])
            running.send("1\n")
            #expect(await running.line() == "1")
            running.interrupt()
            let program = await running.end()
            #expect(program.status == 130)
            #expect(program.error == "")
        }
    }

    // MARK: deploy

    @Test func deployRunsTheBuildFirst() async throws {
        let directory = try TemporaryService()
        try await withHost { host in
            try directory.write(
                "lever.json",
                #"{"name": "hello", "build": ["./make.sh", "a b"], "files": ["out/serve"], "entry": ["out/serve"]}"#)
            let script = "#!/bin/sh\necho making \"$1\"\nmkdir -p out\necho x > out/serve\n"
            try directory.write("make.sh", script, mode: 0o755)
            let unbuilt = try await lever("deploy", "--no-build", directory.path, host: host)
            #expect(unbuilt.status == 2)
            #expect(unbuilt.error.contains("out/serve, which \"files\" of lever.json names"))
            let program = try await lever("deploy", directory.path, host: host)
            #expect(program.error.hasPrefix("Building: ./make.sh a b\nmaking a b\n"))
            #expect(program.output.hasPrefix("hello version 3 is live"))
            #expect(program.status == 0)
            try directory.write("make.sh", "#!/bin/sh\necho broken\nexit 7\n", mode: 0o755)
            let failed = try await lever("deploy", directory.path, host: host)
            #expect(failed.status == 1)
            #expect(failed.error.contains("broken\n"))
            #expect(failed.error.contains("nothing was deployed: the build (./make.sh a b) exited with code 7"))
            try directory.write("lever.json", #"{"name": "hello", "build": ["no-such-program"]}"#)
            let missing = try await lever("deploy", directory.path, host: host)
            #expect(missing.status == 2)
            #expect(missing.error.contains("cannot be run: no-such-program"))
        }
    }

    @Test func aHostThatIsNotThereIsSaidBeforeTheBuild() async throws {
        let directory = try TemporaryService()
        try directory.write("lever.json", #"{"name": "hello", "build": ["touch", "built"]}"#)
        let program = try await lever("deploy", directory.path, host: "127.0.0.1:1")
        #expect(program.status == 3)
        #expect(program.error.contains("Is leveroshost running"))
        #expect(!program.error.contains("Building"))
    }

    @Test func deploySaysWhatIsLiveAndWhatToTypeNext() async throws {
        let directory = try TemporaryService()
        try await withServer(Self.service()) { address in
            let host = "\(address)"
            let program = try await lever("deploy", directory.path, host: host)
            #expect(program.status == 0)
            #expect(program.output.hasPrefix("hello version 3 is live at lever://dev.lever/hello\n"))
            #expect(program.output.contains("lever invoke lever://dev.lever/hello/<method>"))
            #expect(program.error.hasPrefix("Uploading...\n"))
            #expect(program.error.contains("warning: unknown key \"nmae\"\nStarting an instance...\n"))
            #expect(!program.error.contains("\u{1B}"))
            let other = try await lever("deploy", "shop.lever", directory.path, host: host)
            #expect(other.output.contains("lever://shop.lever/hello"))
            let broken = try await lever("deploy", "broken.lever", directory.path, host: host)
            #expect(broken.status == 1)
            #expect(broken.error.hasSuffix("lever: the deployment failed: it does not start:\n  no such file\n"))
            #expect(broken.output == "")
        }
    }
}

/// A directory that can be deployed.
private final class TemporaryService {
    let path = FileManager.default.temporaryDirectory.path + "/lever-\(UUID().uuidString.prefix(8))"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write("lever.json", #"{"name": "hello", "jsEntry": "server.js"}"#)
    }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: "\(path)/\(name)")
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
