import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// Programs that we did not write: Python's gRPC on both sides, and the tools of nghttp2.
@Suite("Peers", .timeLimit(.minutes(3)), .serialized) struct PeerTests {
    /// A Python that has grpcio and grpcio-tools.
    static let python = ProcessInfo.processInfo.environment["LEVER_TEST_PYTHON"]
    private static let peers = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "Peers"
    ).path

    /// Makes Python's stubs from the contract.
    private static func makeStubs(in directory: String) async throws {
        let protos = Command.root.appendingPathComponent("Interop/Protos").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let made = try await Command.run(
            try #require(python),
            [
                "-m", "grpc_tools.protoc", "-I", protos, "--python_out=\(directory)", "--grpc_python_out=\(directory)",
                "\(protos)/core.proto",
            ])
        try #require(made.status == 0, "\(made.error)")
    }

    @Test(.enabled(if: python != nil, "LEVER_TEST_PYTHON names no Python with grpcio"))
    func pythonCallsAndDeploys() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let work = try ServiceFolder()
            try await Self.makeStubs(in: "\(work.path)/stubs")
            let package = try await ServiceFolder(name: "hello", Scripts.hello("2")).package()
            try Data(package).write(to: URL(fileURLWithPath: "\(work.path)/package.tar.gz"))
            let run = try await Command.run(
                try #require(Self.python),
                ["\(Self.peers)/client.py", host.address, "\(work.path)/stubs", "\(work.path)/package.tar.gz"])
            #expect(run.output == "all right\n", "\(run.output) \(run.error)")
            #expect(try await host.call("Version") == "2")
        }
    }

    @Test(.enabled(if: python != nil, "LEVER_TEST_PYTHON names no Python with grpcio"), arguments: [false, true])
    func pythonServes(onTheOldPort: Bool) async throws {
        try await EmbeddedHost.with { host in
            let folder = try ServiceFolder()
            try await Self.makeStubs(in: "\(folder.path)/stubs")
            try FileManager.default.copyItem(atPath: "\(Self.peers)/service.py", toPath: "\(folder.path)/service.py")
            let manifest: LeverValue = [
                "name": "snake", "entry": [.string(try #require(Self.python)), "service.py"],
                "config": ["mode": .string(onTheOldPort ? "oldPort" : "socket")],
            ]
            try folder.write(manifest.json(), to: "lever.json")
            for version in 1...2 {
                let live = try await host.client.deploy(folder.path, to: .default)
                #expect(live.version == version)
                let snake = try host.client.service("dev.lever", "snake")
                #expect(try await snake.invoke("Greet", "Swift", as: String.self) == "Hello from Python, Swift")
                #expect(try await snake.invoke("Bytes", bytes: [1, 2, 3], as: [UInt8].self) == [3, 2, 1])
                #expect(try await snake.invoke("Gateway", as: String.self).hasPrefix("127.0.0.1:"))
                let missing = await #expect(throws: RPCError.self) { try await snake.invoke("Nothing") }
                #expect(missing?.code == .unimplemented)
                #expect(missing?.origin == .instance)
                let echo = try await snake.channel("EchoChan", "x")
                try await echo.send(["a": 1])
                #expect(try await echo.receive() == .value(["a": 1]))
                try await echo.finish()
                #expect(try await echo.receive() == nil)
            }
        }
    }

    @Test func nghttpGetsWhatCurlGets() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let body = try ServiceFolder(["body.json": "[\"nghttp\"]"])
            let run = try await Command.run(
                "nghttp",
                [
                    "-H", ":method: POST", "-H", "content-type: application/json", "-d", "\(body.path)/body.json",
                    "http://\(host.address)/hello/SayHello",
                ])
            #expect(run.output.contains("\"Hello, nghttp!\""), "\(run.output) \(run.error)")
        }
    }

    @Test(arguments: [["-c", "1", "-m", "1"], ["-c", "8", "-m", "32"]]) func loadIsAnsweredInFull(
        _ shape: [String]
    ) async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            // BasicHello of the wire contract, as a gRPC request of SayHello("name").
            let frame: [UInt8] = [0, 0, 0, 0, 10, 0x0A, 0x08, 0x0A, 0x06, 0x0A, 0x04, 0x6E, 0x61, 0x6D, 0x65]
            let body = try ServiceFolder()
            try Data(frame).write(to: URL(fileURLWithPath: "\(body.path)/frame"))
            let run = try await Command.run(
                "h2load",
                shape + [
                    "-n", "2000", "-H", "content-type: application/grpc", "-H", "te: trailers",
                    "-H", "lever-url: lever://dev.lever/hello/SayHello", "-d", "\(body.path)/frame",
                    "http://\(host.address)/core.LeverRPC/HandleRPC",
                ])
            #expect(run.output.contains("2000 succeeded, 0 failed, 0 errored, 0 timeout"), "\(run.output) \(run.error)")
        }
    }
}
