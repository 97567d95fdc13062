import Foundation
import LeverCore
import LeverTesting
import LeverTransport
import Synchronization
import Testing

@testable import LeverRuntime

@Suite(.timeLimit(.minutes(3)))
struct HTTPGatewayTests {
    private static let json = ["-H", "content-type: application/json"]

    @Test(arguments: [false, true])
    func regularCalls(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            var answer = try await front.curl(
                "/probe/Echo", Self.json + ["-d", "[\"a\", false, null, 0]"], http2: http2)
            #expect(answer.status == 200)
            #expect(answer.text == "[\"a\",false,null,0]")
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["lever-version"] == "7")
            #expect(answer.headers["access-control-allow-origin"] == "*")

            let parameters = ["-H", "content-type: Application/JSON ; charset=utf-8", "-d", "[1]"]
            answer = try await front.curl("/probe/some/resource/Echo", parameters, http2: http2)
            #expect(answer.text == "[1]")

            answer = try await front.curl("/probe/Echo", ["-H", "content-type: text/plain", "-d", "[1]"], http2: http2)
            #expect(answer.text == "[1]")
            #expect(answer.headers["content-type"] == "application/octet-stream")

            answer = try await front.curl("/probe/Length", ["-X", "POST"], http2: http2)
            #expect(answer.text == "0")
            answer = try await front.curl("/probe/Length", ["-H", "content-type:", "-d", "12345"], http2: http2)
            #expect(answer.text == "5")

            let contexts = front.probe.contexts.withLock { $0 }
            #expect(contexts[1].url.resource == "some/resource")
        }
    }

    @Test(arguments: [false, true])
    func methodsOwnErrors(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            var answer = try await front.curl("/probe/Fail", Self.json + ["-d", "[]"], http2: http2)
            #expect(answer.status == 500)
            #expect(answer.text == "{\"why\":\"asked\"}")
            #expect(answer.headers["lever-error"] == "method")
            #expect(answer.headers["lever-version"] == "7")
            answer = try await front.curl("/probe/FailBytes", Self.json + ["-d", "[]"], http2: http2)
            #expect(answer.status == 500)
            #expect(answer.text == "!")
            #expect(answer.headers["content-type"] == "application/octet-stream")
        }
    }

    @Test(arguments: [
        ("bad-url", 400), ("bad-message", 400), ("no-environment", 404), ("no-service", 404), ("no-resource", 404),
        ("no-method", 404), ("private-service", 403), ("unauthenticated", 401), ("too-large", 413), ("queue-full", 429),
        ("deadline", 504), ("start-failed", 503), ("instance-died", 502), ("defect", 500),
    ])
    func theTableOfErrors(_ reason: String, _ status: Int) async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl("/probe/Throw", Self.json + ["-d", "[\"\(reason)\"]"])
            #expect(answer.status == status)
            #expect(answer.headers["lever-error"] == "platform")
            #expect(answer.headers["lever-error-reason"] == reason)
            #expect(answer.headers["content-type"] == "application/json")
            let body = try LeverValue(json: answer.text)
            #expect(body["error"]?["code"]?.stringValue == RPCError.Reason(token: reason).code.name)
            #expect(body["error"]?["message"]?.stringValue == "it says \"\(reason)\"")
        }
    }

    @Test func statusesOfInstances() async throws {
        try await GatewayProbe.withFront { front in
            let old = try await front.curl("/probe/Old", Self.json + ["-d", "[]"])
            #expect(old.status == 404)
            #expect(old.headers["lever-error"] == "instance")
            let own = try await front.curl("/probe/Instance", Self.json + ["-d", "[]"])
            #expect(own.status == 409)
            #expect(own.headers["lever-error"] == "instance")
            #expect(own.headers["lever-error-reason"] == nil)
        }
    }

    @Test(arguments: [
        ("/", "[]", 400), ("/probe", "[]", 400), ("/pr/Echo", "[]", 400), ("/probe/_Echo", "[]", 404),
        ("/probe/Echo", "", 400), ("/probe/Echo", "{}", 400), ("/probe/Echo", "[1,]", 400), ("/probe/Echo", "[", 400),
        ("/probe/Echo", "1", 400), ("/probe/Nothing", "[]", 404), ("/probe/NothingChan", "[]", 404),
        ("/probe/EchoChan", "", 400), ("/probe/EchoChan", "x\n[]\n", 400), ("/probe/Echo?forceenv=", "[]", 400),
        ("/probe/Echo?forceenv=a..b", "[]", 400),
    ])
    func badRequests(_ path: String, _ body: String, _ status: Int) async throws {
        try await GatewayProbe.withFront { front in
            for http2 in [false, true] {
                let answer = try await front.curl(path, Self.json + ["-d", body], http2: http2)
                #expect(answer.status == status)
                #expect(answer.headers["lever-error"] == "platform")
                #expect(answer.text.hasPrefix("{\"error\":"))
            }
        }
    }

    @Test(
        arguments: [
            ("127.0.0.1", nil, "dev.lever"), ("127.0.0.1:8080", nil, "dev.lever"), ("localhost:1", nil, "dev.lever"),
            ("[::1]:8080", nil, "dev.lever"), ("shop.example.com", nil, "shop.example.com"),
            ("Shop.Example.com:8080", nil, "shop.example.com"), ("dev.lever:8080", nil, "dev.lever"),
            ("shop.example.com", "other.lever", "other.lever"), ("127.0.0.1", "other.lever:80", "other.lever"),
        ] as [(String, String?, String)])
    func theHostNamesTheEnvironment(_ host: String, _ forced: String?, _ environment: String) async throws {
        try await GatewayProbe.withFront { front in
            for http2 in [false, true] {
                let query = forced.map { "?a=b&forceenv=\($0)" } ?? ""
                let answer = try await front.curl(
                    "/probe/Echo\(query)", Self.json + ["-d", "[]", "-H", "host: \(host)"], http2: http2)
                #expect(answer.status == 200)
            }
            let seen = front.probe.contexts.withLock { $0.map { $0.url.environment?.rawValue } }
            #expect(seen == [environment, environment])
        }
    }

    @Test func whatAHeaderMaySay() async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl(
                "/probe/Echo",
                Self.json + [
                    "-d", "[]", "-H", "x-lever-src-env: forged", "-H", "lever-resource-epoch: 9",
                    "-H", "x-lever-internal-rpc-gateway: 1.2.3.4:5", "-H", "lever-call-id: abc",
                    "-H", "lever-timeout: 20S", "-H", "authorization: Bearer t", "-H", "other: x",
                    "-H", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    "-H", "tracestate: a=b", "-H", "baggage: user=7",
                ])
            #expect(answer.status == 200)
            let context = try #require(front.probe.contexts.withLock { $0.first })
            #expect(context.callerEnvironment == nil && context.epoch == nil && context.internalGateway == nil)
            #expect(context.callID == "abc")
            #expect(
                context.metadata.map(\.name).sorted() == ["authorization", "baggage", "traceparent", "tracestate"])
            let deadline = try #require(context.deadline)
            #expect(deadline - .now < .seconds(20))

            for bad in ["lever-timeout: 20", "lever-call-id: a b"] {
                let refused = try await front.curl("/probe/Echo", Self.json + ["-d", "[]", "-H", bad])
                #expect(refused.status == 400)
            }
            let late = try await front.curl("/probe/Hang", Self.json + ["-d", "[]", "-H", "lever-timeout: 50m"])
            #expect(late.status == 504)
            #expect(late.headers["lever-error-reason"] == "deadline")
        }
    }

    @Test(arguments: ["GET", "PUT", "DELETE", "PATCH", "PURGE"])
    func otherVerbs(_ verb: String) async throws {
        try await GatewayProbe.withFront { front in
            for http2 in [false, true] {
                let answer = try await front.curl("/probe/Echo", ["-X", verb], http2: http2)
                #expect(answer.status == 405)
                #expect(answer.headers["allow"] == "OPTIONS, POST")
                #expect(answer.headers["lever-error-reason"] == "bad-verb")
            }
            // The verb counts before the address: these are wrong in both.
            for address in ["/", "/probe", "/probe/_Echo", "/probe/Echo?forceenv=a..b"] {
                let answer = try await front.curl(address, ["-X", verb])
                #expect(answer.status == 405, "\(address)")
            }
            let head = try await front.curl("/probe/Echo", ["-I"])
            #expect(head.status == 405)
            #expect(head.exitCode == 0)
        }
    }

    @Test func preflight() async throws {
        try await GatewayProbe.withFront { front in
            let answer = try await front.curl(
                "/probe/Echo",
                ["-X", "OPTIONS", "-H", "origin: http://x.example", "-H", "access-control-request-method: POST"])
            #expect(answer.status == 204)
            #expect(answer.headers["access-control-allow-origin"] == "*")
            #expect(answer.headers["access-control-allow-methods"]?.contains("POST") == true)
            #expect(answer.headers["access-control-allow-headers"]?.contains("content-type") == true)
            #expect(answer.body.isEmpty)
        }
    }

    @Test func theAdministrationIsClosedToWebPages() async throws {
        var configuration = HTTPGatewayConfiguration()
        configuration.adminHosts = ["admin.example.com"]
        try await GatewayProbe.withFront(configuration: configuration) { front in
            let path = "/admin/Echo?forceenv=admin.lever"
            let body = Self.json + ["-d", "[]"]
            for host in ["localhost:8080", "127.0.0.1", "[::1]:1", "admin.example.com:80"] {
                let answer = try await front.curl(path, body + ["-H", "host: \(host)"])
                #expect(answer.status == 200, "\(host)")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
            for host in [
                "evil.example.com", "10.0.0.1", "admin.lever", "localhost.example.com", "127.0.0.1.example.com",
            ] {
                let answer = try await front.curl(path, body + ["-H", "host: \(host)"])
                #expect(answer.status == 403, "\(host)")
                #expect(answer.headers["access-control-allow-origin"] == nil)
            }
            for origin in ["http://evil.example.com", "http://localhost:8080", "null"] {
                for verb in ["POST", "OPTIONS"] {
                    let answer = try await front.curl(path, body + ["-X", verb, "-H", "origin: \(origin)"])
                    #expect(answer.status == 403)
                    #expect(answer.headers["access-control-allow-origin"] == nil)
                    #expect(answer.headers["access-control-allow-methods"] == nil)
                }
            }
            #expect(front.probe.contexts.withLock { $0.count } == 4)
        }
    }

    @Test(arguments: [false, true])
    func bodiesAreLimited(http2: Bool) async throws {
        try await GatewayProbe.withFront { front in
            let fits = String(repeating: "x", count: 512 * 1024)
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("lever-body-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(fits.utf8).write(to: file)
            var answer = try await front.curl("/probe/Length", ["--data-binary", "@\(file.path)"], http2: http2)
            #expect(answer.text == "524288")
            try Data((fits + "y").utf8).write(to: file)
            answer = try await front.curl("/probe/Length", ["--data-binary", "@\(file.path)"], http2: http2)
            #expect(answer.status == 413)
            #expect(answer.headers["lever-error-reason"] == "too-large")
            // Without a length said before, and more than all buffers hold.
            try Data(repeating: 0x61, count: 20_000_000).write(to: file)
            answer = try await front.curl(
                "/probe/Length", ["-X", "POST", "-T", file.path, "-H", "transfer-encoding: chunked"], http2: http2)
            #expect(answer.status == 413)
        }
    }

    @Test func theHostsOwnPaths() async throws {
        let isReady = Mutex(true)
        try await GatewayProbe.withFront(isReady: { isReady.withLock { $0 } }) { front in
            for http2 in [false, true] {
                #expect(try await front.curl("/healthz", http2: http2).text == "ok\n")
                #expect(try await front.curl("/readyz", http2: http2).status == 200)
                isReady.withLock { $0 = false }
                #expect(try await front.curl("/readyz", http2: http2).status == 503)
                isReady.withLock { $0 = true }
                let tarball = try await front.curl("/leveros.tgz?x", http2: http2)
                #expect(tarball.body == [0x1F, 0x8B])
                #expect(tarball.headers["content-type"] == "application/gzip")
                let head = try await front.curl("/leveros.tgz", ["-I"], http2: http2)
                #expect(head.headers["content-length"] == "2")
                #expect(head.body.isEmpty)
            }
        }
    }

    @Test func aCallerThatGoesAwayCancelsItsCall() async throws {
        try await GatewayProbe.withFront { front in
            // Over HTTP/2: there a client that is gone is told from one that has only sent its whole request. On a busy
            // machine a second may pass before anything has happened.
            for seconds in ["1", "5", "20"] where front.probe.count("hang began") == 0 {
                let answer = try await front.curl("/probe/Hang", ["-d", "x", "--max-time", seconds], http2: true)
                #expect(answer.exitCode == 28)
            }
            let cancelled = try await eventually {
                front.probe.count("hang over") == max(1, front.probe.count("hang began"))
            }
            #expect(cancelled)
        }
    }
}
