import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import NIOCore
import NIOPosix
import Testing

/// Whatever comes in gets the error of the table, and the host goes on serving.
@Suite("Bad input", .timeLimit(.minutes(2))) struct BadInputTests {
    @Test func requestsOverHTTP() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let json = ["-H", "Content-Type: application/json"]
            let cases: [(status: Int, arguments: [String], path: String)] = [
                (400, json + ["-d", "[1,"], "/hello/SayHello"),
                (400, json + ["-d", "{}"], "/hello/SayHello"),
                (400, json + ["-d", "[NaN]"], "/hello/SayHello"),
                (400, json + ["-d", "[\"\\ud800\"]"], "/hello/SayHello"),
                (400, json + ["-d", "[]"], "/hello"),
                (400, json + ["-d", "[]"], "/"),
                (400, json + ["-d", "[]"], "/he/SayHello"),
                (404, json + ["-d", "[]"], "/nobody/SayHello"),
                (404, json + ["-d", "[]"], "/hello/_private"),
                (404, json + ["-d", "[]"], "/hello/Nothing"),
                (404, json + ["-d", "[]"], "/hello/SayHello?forceenv=nowhere.example.com"),
                (400, json + ["-d", "[]"], "/hello/SayHello?forceenv=no%20host"),
                (405, ["-X", "PUT", "-d", "[]"], "/hello/SayHello"),
                (405, ["-X", "DELETE"], "/hello/SayHello"),
                (
                    403, json + ["-H", "Origin: http://evil.example.com", "-d", "[]"],
                    "/admin/Version?forceenv=admin.lever"
                ),
                (403, json + ["-H", "Host: evil.example.com", "-d", "[]"], "/admin/Version?forceenv=admin.lever"),
                (500, json + ["-d", "[]"], "/hello/Fail"),
                (200, json + ["-d", "[\"x\"]"], "/hello/SayHello"),
                (200, json + ["-d", "[]"], "/admin/Version?forceenv=admin.lever"),
            ]
            for version in ["--http1.1", "--http2-prior-knowledge"] {
                for (status, arguments, path) in cases {
                    let curl = try await Command.run(
                        "curl",
                        [version, "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}"]
                            + (arguments.contains("-X") ? [] : ["-X", "POST"])
                            + arguments + ["http://\(host.address)\(path)"])
                    #expect(curl.output == "\(status)", "\(version) \(arguments) \(path): \(curl.error)")
                }
            }
        }
    }

    @Test func largeBodiesAreRefused() async throws {
        try await EmbeddedHost.with({ $0.front.maximumBodySize = 10_000 }) { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let body = "[\"" + String(repeating: "x", count: 20_000) + "\"]"
            for version in ["--http1.1", "--http2-prior-knowledge"] {
                let curl = try await Command.run(
                    "curl",
                    [
                        version, "-sS", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H",
                        "Content-Type: application/json",
                        "--data-binary", "@-", "http://\(host.address)/hello/SayHello",
                    ], input: body)
                #expect(curl.output == "413", "\(version): \(curl.error)")
            }
            #expect(try await host.call("Version") == "1")
        }
    }

    @Test func addressesOverRPC() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let client = try LeverClient(host: host.address)
            for (url, code) in [
                ("lever://dev.lever/nobody/Version", RPCError.Code.notFound),
                ("lever://nowhere.lever/hello/Version", .notFound),
                ("lever://dev.lever/hello/Nothing", .unimplemented),
            ] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await client.call(try LeverURL(url), .values([]))
                }
                #expect(error?.code == code, "\(url)")
            }
            await client.shutdown(force: true)
        }
    }

    @Test(arguments: [
        "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{03}\u{01}hello, is this TLS?",
        "POST /hello/SayHello HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
        "POST /hello/SayHello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthese are no frames at all, and never will be any",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{0}\u{0}\u{5}\u{9}\u{0}\u{0}\u{0}\u{0}\u{1}abcde", "", "\r\n\r\n\r\n",
    ]) func bytesOfAllKinds(_ text: String) async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let port = try #require(Int(host.address.split(separator: ":").last ?? ""))
            for _ in 0..<5 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                try await channel.writeAndFlush(ByteBuffer(string: text)).get()
                try? await channel.close()
            }
            #expect(try await host.call("Version") == "1")
        }
    }

    @Test func randomBytes() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let port = try #require(Int(host.address.split(separator: ":").last ?? ""))
            let seed = UInt64.random(in: .min ... .max)
            var random = FastRandom(seed: seed)
            for round in 0..<60 {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connect(host: "127.0.0.1", port: port).get()
                var bytes = ByteBuffer()
                if round % 2 == 0 {
                    bytes.writeString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{0}\u{0}\u{0}\u{4}\u{0}\u{0}\u{0}\u{0}\u{0}")
                }
                for _ in 0..<Int(random.next(upperBound: 400 as UInt64)) {
                    bytes.writeInteger(UInt8(truncatingIfNeeded: random.next()))
                }
                // The host may have closed already.
                try? await channel.writeAndFlush(bytes).get()
                try? await channel.close()
            }
            #expect(try await host.call("Version") == "1", "seed \(seed)")
        }
    }
}
