import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

@Suite struct ChannelMethodTests {
    private func client(@ServiceBuilder _ methods: () -> ServiceDefinition) throws -> ServiceEndpoint {
        let service = LeverService(methods())
        return try LeverClient(transport: InProcessTransport(handler: service.handler())).service("dev.lever", "test")
    }

    @Test func messagesFlowBothWays() async throws {
        let endpoint = try client {
            ChannelMethod("EchoChan") { (channel: LeverChannel, prefix: String) in
                for try await message in channel.messages(as: String.self) { try await channel.send(prefix + message) }
                try await channel.send(bytes: [1, 2])
            }
        }
        let channel = try await endpoint.channel("EchoChan", "> ")
        try await channel.send("a")
        #expect(try await channel.receive(as: String.self) == "> a")
        try await channel.send("b")
        try await channel.finish()
        #expect(try await channel.receive() == .value("> b"))
        #expect(try await channel.receive(as: [UInt8].self) == [1, 2])
        #expect(try await channel.receive() == nil)
    }

    @Test func anErrorOfItsOwnEndsTheChannel() async throws {
        let endpoint = try client {
            ChannelMethod("FailChan") { (channel: LeverChannel) in
                try await channel.send(1)
                throw ServiceError(["code": "gone"])
            }
        }
        let channel = try await endpoint.channel("FailChan")
        #expect(try await channel.receive(as: Int.self) == 1)
        let error = await #expect(throws: RemoteError.self) { _ = try await channel.receive() }
        #expect(error?.value == ["code": "gone"])
        #expect(error?.url.method.rawValue == "FailChan")
    }

    @Test func wrongCallsAreRefused() async throws {
        let endpoint = try client {
            ChannelMethod("CountChan") { (channel: LeverChannel, from: Int) in try await channel.send(from) }
        }
        for (method, code) in [("OtherChan", RPCError.Code.unimplemented), ("CountChan", .invalidArgument)] {
            let error = await #expect(throws: RPCError.self) {
                let channel = try await endpoint.channel(method, "x")
                while try await channel.receive() != nil {}
            }
            #expect(error?.code == code)
        }
    }

    @Test func theResourceIsInTheChannelsAddress() async throws {
        let endpoint = try client {
            ChannelMethod("WhereChan") { (channel: LeverChannel) in
                try await channel.send(channel.url.resource)
                try await channel.send(CallContext.current?.url.resource)
            }
        }
        let channel = try await endpoint.resource("room/1").channel("WhereChan")
        var names: [String] = []
        for try await name in channel.messages(as: String.self) { names.append(name) }
        #expect(names == ["room/1", "room/1"])
    }
}
