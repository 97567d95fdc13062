import LeverClient
import LeverCore
import LeverTransport
import Testing

@Suite struct InvokeTests {
    private struct Item: Codable, Sendable, Equatable {
        var name: String
        var count: Int
    }

    private func client(
        _ handler: RecordingHandler, _ configuration: LeverClient.Configuration = .defaults
    ) -> LeverClient {
        LeverClient(transport: InProcessTransport(handler: handler), configuration: configuration)
    }

    // MARK: Addresses

    @Test func addressesAreComplete() async throws {
        let handler = RecordingHandler()
        let client = client(handler)
        let service = try client.service("Dev.Lever", "hello")
        try await service.invoke("Say")
        try await service.resource("room/1").invoke("Say")
        try await client.service("hello").invoke("Say")
        try await client.invoke(url: "/hello/room/Say")
        try await client.invoke(url: "lever://shop.lever/hello/Say")
        #expect(
            handler.calls.map { $0.context.url.description } == [
                "lever://dev.lever/hello//Say", "lever://dev.lever/hello/room/1/Say", "lever://dev.lever/hello//Say",
                "lever://dev.lever/hello/room/Say", "lever://shop.lever/hello//Say",
            ])
    }

    @Test func theConfiguredEnvironmentCompletesRelativeAddresses() async throws {
        let handler = RecordingHandler()
        var configuration = LeverClient.Configuration()
        configuration.environment = try EnvironmentName("staging.lever")
        try await client(handler, configuration).invoke(url: "hello/Say")
        try await client(handler, configuration).service("hello").invoke("Say")
        #expect(handler.calls.allSatisfy { $0.context.url.environment?.rawValue == "staging.lever" })
        #expect(handler.calls.count == 2)
    }

    @Test func malformedNamesAreRefusedBeforeTheyTravel() async throws {
        let handler = RecordingHandler()
        let client = client(handler)
        #expect(throws: RPCError.self) { try client.service("dev..lever", "hello") }
        #expect(throws: RPCError.self) { try client.service("dev.lever", "a b c") }
        let service = try client.service("dev.lever", "hello")
        for method in ["", "_hidden", "a/b", "a b", "FeedChan"] {
            await #expect(throws: RPCError.self) { try await service.invoke(method) }
        }
        await #expect(throws: RPCError.self) { _ = try await service.channel("Say") }
        for resource in ["a\nb", "\u{7F}", String(repeating: "x", count: 1025)] {
            await #expect(throws: RPCError.self) { try await service.resource(resource).invoke("Say") }
        }
        #expect(handler.calls.isEmpty)
    }

    // MARK: Arguments and results

    @Test func argumentsKeepTheirTypes() async throws {
        let handler = RecordingHandler()
        let service = try client(handler).service("dev.lever", "hello")
        try await service.invoke("Say")
        try await service.invoke("Say", "world", 1, false, [1.5], Item(name: "tea", count: 2), LeverValue.null)
        try await service.invoke("Say", [UInt8]([1, 2]))
        try await service.invoke("Say", bytes: [3])
        try await service.invoke("Say", [UInt8]([1, 2]), 3)
        try await service.invoke("Say", "x", [UInt8]([1, 2]))
        try await service.invoke("Say", String?.none)
        #expect(
            handler.calls.map(\.arguments) == [
                .values([]), .values(["world", 1, false, [1.5], ["name": "tea", "count": 2], nil]), .bytes([1, 2]),
                .bytes([3]), .values([[1, 2], 3]), .values(["x", [1, 2]]), .values([nil]),
            ])
    }

    @Test func resultsAreWhatTheCallerWants() async throws {
        let handler = RecordingHandler { _, arguments in
            switch arguments {
            case .values(let values): .result(values.first ?? nil)
            case .bytes(let bytes): .bytes(bytes)
            }
        }
        let service = try client(handler).service("dev.lever", "hello")
        #expect(try await service.invoke("Say", "x", as: String.self) == "x")
        #expect(try await service.invoke("Say", Item(name: "a", count: 1), as: Item.self) == Item(name: "a", count: 1))
        #expect(try await service.invoke("Say", ["a": false] as LeverValue, as: LeverValue.self) == ["a": false])
        #expect(try await service.invoke("Say", as: String?.self) == nil)
        #expect(try await service.invoke("Say", bytes: [1, 2], as: [UInt8].self) == [1, 2])
        #expect(try await service.invoke("Say", [UInt8]([1, 2]), as: ContiguousArray<UInt8>.self) == [1, 2])
        #expect(try await service.invoke("Say", [1, 2], as: [UInt8].self) == [1, 2])
        await #expect(throws: DecodingError.self) { try await service.invoke("Say", "x", as: Int.self) }
        await #expect(throws: DecodingError.self) { try await service.invoke("Say", bytes: [1], as: String.self) }
        // Who wants no result does not care what it is.
        try await service.invoke("Say", bytes: [1])
    }

    @Test func theMethodsErrorIsARemoteError() async throws {
        let handler = RecordingHandler { context, _ in
            context.url.method.rawValue == "Bytes" ? .errorBytes([7]) : .error(["name": "tea", "count": 3])
        }
        let service = try client(handler).service("dev.lever", "hello")
        let error = await #expect(throws: RemoteError.self) { try await service.invoke("Fail", as: String.self) }
        #expect(error?.value?["count"] == 3)
        #expect(try error?.decode(as: Item.self) == Item(name: "tea", count: 3))
        #expect(error?.url.description == "lever://dev.lever/hello//Fail")
        #expect(error?.description.contains("failed: {\"name\":\"tea\",\"count\":3}") == true)
        let bytes = await #expect(throws: RemoteError.self) { try await service.invoke("Bytes") }
        #expect(bytes?.bytes == [7])
        #expect(bytes?.value == nil)
        #expect(try bytes?.decode(as: [UInt8].self) == [7])
    }

    @Test func platformErrorsPass() async throws {
        let handler = RecordingHandler { _, _ in throw RPCError(.noService, "there is no service \"hello\"") }
        let error = await #expect(throws: RPCError.self) {
            try await client(handler).service("dev.lever", "hello").invoke("Say")
        }
        #expect(error?.code == .notFound)
    }

    // MARK: Contexts

    @Test func optionsBecomeTheContext() async throws {
        let handler = RecordingHandler()
        var configuration = LeverClient.Configuration()
        configuration.timeout = .seconds(100)
        let service = try client(handler, configuration).service("dev.lever", "hello")
        let start = ContinuousClock.now
        try await service.invoke("Say")
        try await service.invoke("Say", options: .timeout(.seconds(10)))
        try await service.with(CallOptions(timeout: .seconds(1000), metadata: [("my-key", "1")])).invoke("Say")
        let channel = try await service.channel("FeedChan")
        #expect(try await channel.receive() == nil)
        let deadlines = handler.calls.map { $0.context.deadline.map { start.duration(to: $0) } }
        #expect(deadlines.count == 4)
        for (deadline, seconds) in zip(deadlines, [100, 10, 1000]) {
            let deadline = try #require(deadline)
            #expect(deadline >= .seconds(seconds) && deadline < .seconds(seconds + 60))
        }
        // What bounds a call does not bound a channel.
        #expect(deadlines.last == .some(nil))
        #expect(handler.calls[2].context.metadata.map(\.name) == ["my-key"])
    }

    @Test func callsOnBehalfOfACallSaySo() async throws {
        let handler = RecordingHandler()
        let client = client(handler)
        let deadline = ContinuousClock.now + .seconds(5)
        let outer = CallContext(
            url: try LeverURL("lever://shop.lever/cart/Buy"), deadline: deadline, callID: "id-1", depth: 3,
            epoch: 9, internalGateway: "127.0.0.1:1")
        try await CallContext.$current.withValue(outer) {
            try await client.service("stock").invoke("Take")
            try await client.invoke(url: "lever://dev.lever/stock/Take", options: .timeout(.seconds(1000)))
            try await client.invoke(url: "/stock/Take", options: .timeout(.seconds(1)))
        }
        try await client.service("stock").invoke("Take")
        let contexts = handler.calls.map(\.context)
        #expect(contexts.map(\.callID) == ["id-1", "id-1", "id-1", nil])
        #expect(contexts.map(\.depth) == [4, 4, 4, 0])
        #expect(
            contexts.map { $0.url.environment?.rawValue } == ["shop.lever", "dev.lever", "shop.lever", "dev.lever"])
        #expect(contexts[0].deadline == deadline)
        #expect(contexts[1].deadline == deadline)
        #expect(try #require(contexts[2].deadline) < deadline)
        #expect(contexts[3].deadline == nil)
        // What belongs to the outer call alone stays behind.
        #expect(contexts.allSatisfy { $0.epoch == nil && $0.internalGateway == nil })
    }

    @Test func channelsCarryBothKindsOfMessages() async throws {
        let handler = RecordingHandler(channel: { _, _, channel in
            while let message = try await channel.receive() { try await channel.send(message) }
        })
        let channel = try await client(handler).channel(url: "lever://dev.lever/hello/FeedChan", "a", 1)
        try await channel.send("x")
        try await channel.send([UInt8]([1]))
        try await channel.send(bytes: [2])
        try await channel.send(.value(["a": 1]))
        try await channel.finish()
        var messages: [ChannelMessage] = []
        for try await message in channel { messages.append(message) }
        #expect(messages == [.value("x"), .bytes([1]), .bytes([2]), .value(["a": 1])])
        #expect(handler.calls.first?.arguments == .values(["a", 1]))
    }
}
