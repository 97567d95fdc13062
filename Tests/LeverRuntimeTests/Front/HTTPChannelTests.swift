import Foundation
import LeverCore
import LeverTransport
import Testing

@testable import LeverRuntime

@Suite(.timeLimit(.minutes(3)))
struct HTTPChannelTests {
    private static let json = ["-H", "content-type: application/json"]

    @Test(arguments: [false, true])
    func linesBothWays(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl(
                "/probe/EchoChan", Self.json + ["--data-binary", "[\"hello\"]\n1\n\n{\"a\": [null]}\r\n\"last\""],
                http2: http2)
            #expect(answer.status == 200)
            #expect(answer.exitCode == 0)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text == "{\"arguments\":\"hello\"}\n1\n{\"a\":[null]}\n\"last\"\n")
        }
    }

    @Test(arguments: [false, true])
    func bytesBothWays(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let bytes = ["-H", "content-type: application/octet-stream", "--data-binary", "[]\nsome\nbytes"]
            let answer = try await front.curl("/probe/EchoChan", bytes, http2: http2)
            #expect(answer.headers["content-type"] == "application/octet-stream")
            #expect(answer.text == "{\"arguments\":\"other\"}\nsome\nbytes")
        }
    }

    @Test(arguments: [false, true])
    func theReplyGoesOnAfterTheRequestHasEnded(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl("/probe/SayChan", Self.json + ["-d", "[]"], http2: http2)
            #expect(answer.text == "\"after\"\nby")
            #expect(answer.exitCode == 0)
        }
    }

    @Test(arguments: [false, true])
    func theResponseEndsWithTheChannel(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl(
                "/probe/QuickChan", Self.json + ["--data-binary", "[]\n1\n2\n3\n"], http2: http2)
            #expect(answer.text == "\"only\"\n")
            #expect(answer.exitCode == 0)
        }
    }

    @Test(arguments: [false, true])
    func errorsInTheMiddleBreakTheResponseOff(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            for method in ["BreakChan", "OwnErrorChan"] {
                let answer = try await front.curl("/probe/\(method)", Self.json + ["-d", "[]"], http2: http2)
                #expect(answer.exitCode == (http2 ? 92 : 18))
                // Over HTTP/2 curl drops what it has when the stream is reset.
                if !http2 { #expect(answer.text == "1\n") }
            }
            let bad = try await front.curl(
                "/probe/EchoChan", Self.json + ["--data-binary", "[]\nnonsense\n"], http2: http2)
            #expect(bad.exitCode == (http2 ? 92 : 18))
        }
    }

    @Test(arguments: [false, true])
    func slowReadersGetEverything(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl(
                "/probe/FloodChan", ["-d", "[]", "--limit-rate", "8M"], http2: http2)
            #expect(answer.exitCode == 0)
            #expect(answer.body.count == 20_000_000)
        }
    }

    @Test(arguments: [false, true])
    func aClientThatGoesAwayEndsItsChannel(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            var answer: Curl.Response?
            // On a busy machine a second may pass before anything has happened.
            for seconds in ["1", "5", "20"] where answer?.text != "1\n" {
                let limited = ["-N", "-d", "[]", "--max-time", seconds]
                answer = try await front.curl("/probe/IdleChan", Self.json + limited, http2: http2)
            }
            #expect(answer?.exitCode == 28)
            #expect(answer?.text == "1\n")
            var isOver = false
            for _ in 0..<2_000 where !isOver {
                isOver = front.probe.count("idle over") == front.probe.count("idle began")
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(isOver)
        }
    }

    @Test func bothDirectionsFlowAtOnce() async throws {
        try await GatewayProbe.withFront { front in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                ["curl", "-s", "-N", "-X", "POST", "-T", ".", "--noproxy", "*"] + Self.json
                + ["http://127.0.0.1:\(front.port)/probe/EchoChan"]
            let input = Pipe()
            let output = Pipe()
            process.standardInput = input
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            func send(_ text: String) throws { try input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
            func receive() async -> String {
                await withCheckedContinuation { continuation in
                    // Reading blocks, so it gets a thread of its own.
                    Thread.detachNewThread {
                        let data = output.fileHandleForReading.availableData
                        continuation.resume(returning: String(decoding: data, as: UTF8.self))
                    }
                }
            }
            try send("[\"hello\"]\n")
            #expect(await receive() == "{\"arguments\":\"hello\"}\n")
            for number in 0..<5 {
                try send("\(number)\n")
                #expect(await receive() == "\(number)\n")
            }
            try input.fileHandleForWriting.close()
            #expect(await receive() == "")
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
    }

    @Test func grpcEntersByTheSamePort() async throws {
        try await GatewayProbe.withFront { front in
            let request = FileManager.default.temporaryDirectory.appendingPathComponent(
                "lever-grpc-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: request) }
            // BasicHello's message as old programs send it.
            try Data([0, 0, 0, 0, 10, 0x0A, 8, 0x0A, 6, 0x0A, 4, 0x6E, 0x61, 0x6D, 0x65]).write(to: request)
            let answer = try await front.curl(
                "/core.LeverRPC/HandleRPC",
                [
                    "-H", "content-type: application/grpc", "-H", "te: trailers",
                    "-H", "lever-url: lever://dev.lever/probe//Echo", "--data-binary", "@\(request.path)",
                ], http2: true)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/grpc")
            #expect(answer.body.starts(with: [0, 0, 0, 0, 12]))
        }
    }
}
