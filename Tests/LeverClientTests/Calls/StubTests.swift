// On purpose nothing but the client: it has to be enough for a program that calls services.
import LeverClient
import Testing

private protocol Greeting: Sendable {
    func sayHello(_ name: String) async throws -> String
    func add(_ left: Int, _ right: Int) async throws -> Int
    func forget() async throws
    func follow(from start: Int) async throws -> LeverChannel
}

private struct GreetingStub: ServiceStub, Greeting {
    let endpoint: ServiceEndpoint

    func sayHello(_ name: String) async throws -> String { try await call("SayHello", name) }
    func add(_ left: Int, _ right: Int) async throws -> Int { try await call("Add", left, right) }
    func forget() async throws { try await idempotent.call("Forget") }
    func follow(from start: Int) async throws -> LeverChannel { try await open("FollowChan", start) }
}

private enum OrderError: MethodError, Equatable {
    case soldOut(left: Int)
    case unknownItem
}

private struct LateError: Error, Codable, Equatable {
    var minutes: Int
}

@Suite struct StubTests {
    private func client(_ handler: RecordingHandler) throws -> LeverClient {
        LeverClient(transport: try InProcessTransport(services: ["dev.lever/hello": handler]))
    }

    private func endpoint(_ handler: RecordingHandler) throws -> ServiceEndpoint {
        try client(handler).service("dev.lever", "hello")
    }

    @Test func aStubCallsItsMethods() async throws {
        let handler = RecordingHandler(
            unary: { context, arguments in
                guard case .values(let values) = arguments else { return .error("bytes") }
                return switch context.url.method.rawValue {
                case "SayHello": .result(.string("Hello, \(values[0].stringValue ?? "?")!"))
                case "Add": .result(.number(Double((values[0].intValue ?? 0) + (values[1].intValue ?? 0))))
                default: .result("of no interest")
                }
            },
            channel: { _, _, channel in try await channel.send(.value(3)) })
        let stub = GreetingStub(endpoint: try endpoint(handler))
        let greeting: any Greeting = stub
        #expect(try await greeting.sayHello("world") == "Hello, world!")
        #expect(try await greeting.add(2, 3) == 5)
        try await greeting.forget()
        #expect(try await greeting.follow(from: 3).receive(as: Int.self) == 3)
        #expect(try await stub.resource("room").sayHello("you") == "Hello, you!")
        #expect(handler.calls.map(\.context.isIdempotent) == [false, false, true, false, false])
        #expect(handler.calls.last?.context.url.resource == "room")
        #expect(handler.calls[3].arguments == .values([3]))
    }

    @Test func theResultsTypeMayFollowFromWhereTheCallStands() async throws {
        let handler = RecordingHandler { _, _ in .result(["a": 1]) }
        let service = try endpoint(handler)
        let map: [String: Int] = try await service.invoke("Say", "x")
        #expect(map == ["a": 1])
        func value() async throws -> LeverValue { try await service.invoke("Say") }
        #expect(try await value() == ["a": 1])
        // Without a type that is asked for, what comes is dropped, whatever it is.
        try await service.invoke("Say")
        let task = Task { try await service.invoke("Say") }
        let nothing: Void = try await task.value
        #expect(nothing == ())
    }

    @Test func methodsErrorsAreThrownAsTheirTypes() async throws {
        let handler = RecordingHandler { context, _ in
            switch context.url.method.rawValue {
            case "Sold": .error(["soldOut": ["left": 2]])
            case "Unknown": .error(["unknownItem": [:]])
            case "Late": .error(["minutes": 5])
            default: .error("something else")
            }
        }
        let service = try endpoint(handler).throwing(OrderError.self).throwing(LateError.self)
        await #expect(throws: OrderError.soldOut(left: 2)) { try await service.invoke("Sold") }
        await #expect(throws: OrderError.unknownItem) { let _: Int = try await service.invoke("Unknown") }
        await #expect(throws: LateError(minutes: 5)) { try await service.resource("x").invoke("Late") }
        let other = await #expect(throws: RemoteError.self) { try await service.invoke("Other") }
        #expect(other?.value == "something else")
    }

    @Test func channelsThrowThemAsWell() async throws {
        let handler = RecordingHandler(channel: { _, _, channel in
            try await channel.send(.value(1))
            try await channel.send(.error(["minutes": 5]))
        })
        let channel = try await endpoint(handler).throwing(LateError.self).channel("FeedChan")
        await #expect(throws: LateError(minutes: 5)) {
            for try await message in channel.messages(as: Int.self) { #expect(message == 1) }
        }
    }

    @Test func whatIsNotThereIsSaid() async throws {
        let client = try client(RecordingHandler())
        do {
            try await client.service("dev.lever", "nothing").invoke("Say")
            Issue.record("the call was answered")
        } catch let error as RPCError {
            #expect(error.reason == .noService)
            #expect(error.code == .notFound)
        }
    }
}
