import LeverCore
import LeverRouter
import LeverTransport
import NIOCore
import Testing

@Suite("Calls through the router")
struct SpliceTests {
    @Test("a call and its reply pass untouched")
    func unary() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            let body: [UInt8] = [0, 0, 0, 0, 3, 1, 2, 3]
            let answer = await harness.call(body: body).ended()
            #expect(answer.head[":status"] == "200")
            #expect(answer.data == body)
            #expect(answer.status == 0)
            #expect(answer.trailers["lever-version"] == "3")
            #expect(answer.end == .complete)
            await poll { routes[0].gate.inFlight == 0 }
            #expect(routes[0].gate.inFlight == 0)
        }
    }

    @Test("only the host says where a call comes from; the destination is written out")
    func headers() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, _ in
            let forged = [
                ("x-lever-src-env", "evil.example.com"), ("x-lever-internal-rpc-gateway", "10.0.0.1:1"),
                ("x-anything", "1"), ("lever-resource-epoch", "9"), ("lever-version", "9"), ("lever-call-id", "abc"),
                ("lever-call-depth", "2"), ("custom", "kept"), ("traceparent", "00-1-2-01"),
            ]
            _ = await harness.call(url: "/hello/Say", headers: forged).ended()
            let seen = try #require(instances[0].seen.first).headers
            #expect(seen["lever-url"] == "lever://dev.lever/hello//Say")
            #expect(seen["x-lever-src-env"] == nil)
            #expect(seen["x-lever-internal-rpc-gateway"] == "127.0.0.1:9999")
            #expect(seen["x-anything"] == nil)
            #expect(seen["lever-resource-epoch"] == nil)
            #expect(seen["lever-version"] == nil)
            #expect(seen["lever-call-id"] == "abc")
            #expect(seen["lever-call-depth"] == "2")
            #expect(seen["custom"] == "kept")
            #expect(seen["traceparent"] == "00-1-2-01")
            #expect(seen["grpc-timeout"] != nil, "the host's default deadline goes with the call")
        }
    }

    @Test("a caller from another environment is named to the instance")
    func sourceEnvironment() async throws {
        let shop = try EnvironmentName("shop.lever")
        try await RouterHarness.run([.echo], caller: Caller(environment: shop, isLocal: true)) {
            harness, instances, _ in
            #expect(await harness.call().ended().status == 0)
            #expect(instances[0].seen.first?.headers["x-lever-src-env"] == "shop.lever")
            let relative = await harness.call(url: "/hello/Say").ended()
            #expect(relative.reason == "no-environment", "relative addresses mean the caller's own environment")
        }
    }

    @Test(
        "what is wrong with a call is said with status and reason",
        arguments: [
            (
                Optional("lever://nowhere.lever/hello/Say"), RPCHeader.unaryPath, [(String, String)](), 5,
                "no-environment"
            ),
            ("lever://dev.lever/missing/Say", RPCHeader.unaryPath, [], 5, "no-service"),
            ("lever://dev.lever", RPCHeader.unaryPath, [], 3, "bad-url"),
            (nil, RPCHeader.unaryPath, [], 3, "bad-url"),
            ("lever://dev.lever/hello/_secret", RPCHeader.unaryPath, [], 12, "no-method"),
            ("lever://dev.lever/hello/NewResource", RPCHeader.unaryPath, [], 12, "no-method"),
            ("lever://dev.lever/hello/room/CloseResource", RPCHeader.unaryPath, [], 12, "no-method"),
            ("lever://dev.lever/hello/FeedChan", RPCHeader.unaryPath, [], 12, "no-method"),
            ("lever://dev.lever/hello/Say", RPCHeader.channelPath, [], 12, "no-method"),
            ("lever://dev.lever/hello/Say", "/core.LeverRPC/Other", [], 12, "no-method"),
            ("lever://dev.lever/hello/Say", RPCHeader.unaryPath, [("grpc-timeout", "1Q")], 3, "bad-message"),
            ("lever://dev.lever/hello/Say", RPCHeader.unaryPath, [("lever-call-depth", "33")], 8, "too-deep"),
            ("lever://dev.lever/hello/Say", RPCHeader.unaryPath, [("lever-call-depth", "-1")], 3, "bad-message"),
        ] as [(String?, String, [(String, String)], Int, String)])
    func refusals(url: String?, path: String, headers: [(String, String)], status: Int, reason: String) async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            let answer = await harness.call(url: url, path: path, headers: headers).ended()
            #expect(answer.status == status, "\(answer)")
            #expect(answer.reason == reason)
            #expect(answer.origin == "platform")
            #expect(instances[0].seen.isEmpty)
            #expect(routes[0].gate.inFlight == 0)
        }
    }

    @Test("a private service is hidden from outside")
    func privateService() async throws {
        try await RouterHarness.run([.echo], isPrivate: true) { harness, instances, _ in
            let answer = await harness.call().ended()
            #expect(answer.status == 7)
            #expect(answer.reason == "private-service")
            #expect(instances[0].seen.isEmpty)
        }
    }

    @Test("a status of the instance's own passes, marked as such")
    func instanceStatus() async throws {
        try await RouterHarness.run([.status(9, "not today")]) { harness, _, _ in
            let answer = await harness.call(body: nil).answer()
            #expect(answer.status == 9)
            #expect(answer.message == "not today")
            #expect(answer.origin == "instance")
        }
    }

    @Test("a channel passes both ways, and half-closing it passes too")
    func channel() async throws {
        try await RouterHarness.run([.stream]) { harness, instances, routes in
            let call = harness.call(url: "lever://dev.lever/hello//TalkChan", path: RPCHeader.channelPath, body: nil)
            for part in [[1], [2, 3], [UInt8](repeating: 9, count: 200_000)] as [[UInt8]] {
                let before = call.current.data.count
                await call.withStream { $0.send(data: ByteBuffer(bytes: part)) }
                #expect(await poll { call.current.data.count == before + part.count })
                #expect(Array(call.current.data.suffix(part.count)) == part)
            }
            #expect(routes[0].gate.inFlight == 1)
            #expect(instances[0].seen.first?.headers["grpc-timeout"] == nil, "channels have no default deadline")
            await call.withStream { $0.send(data: ByteBuffer(), endStream: true) }
            let answer = await call.ended()
            #expect(answer.status == 0)
            #expect(answer.end == .complete)
        }
    }

    @Test("large requests and replies pass whole")
    func large() async throws {
        try await RouterHarness.run([.echo]) { harness, _, _ in
            let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            let answer = await harness.call(body: body).ended()
            #expect(answer.status == 0)
            #expect(answer.data == body)
        }
    }
}
