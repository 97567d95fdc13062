import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

/// What a handler does wrong harms its own call alone.
@Suite struct FaultTests {
    private enum ShopError: MethodError, Equatable {
        case soldOut(left: Int)
        case closed
    }

    private struct Unspeakable: MethodError {
        init() {}
        init(from decoder: any Decoder) throws {}
        func encode(to encoder: any Encoder) throws {
            throw EncodingError.invalidValue(self, .init(codingPath: [], debugDescription: "it cannot be said"))
        }
    }

    @Test func anErrorTypeOfTheServicesOwnTravelsAsAValue() async throws {
        let service = LeverService {
            Method("Order") { (count: Int) in
                if count > 3 { throw ShopError.soldOut(left: 3) }
                throw ShopError.closed
            }
            Method("Unspeakable") { throw Unspeakable() }
            ChannelMethod("OrdersChan") { channel in
                try await channel.send(1)
                throw ShopError.closed
            }
        }
        let shop = try LeverClient(transport: InProcessTransport(handler: service.handler())).service(
            "dev.lever", "shop")
        let soldOut = await #expect(throws: RemoteError.self) { try await shop.invoke("Order", 4) }
        #expect(soldOut?.value == ["soldOut": ["left": 3]])
        #expect(try soldOut?.decode(as: ShopError.self) == .soldOut(left: 3))
        let closed = await #expect(throws: RemoteError.self) { try await shop.invoke("Order", 1) }
        #expect(try closed?.decode(as: ShopError.self) == .closed)
        let channel = try await shop.channel("OrdersChan")
        #expect(try await channel.receive(as: Int.self) == 1)
        let end = await #expect(throws: RemoteError.self) { _ = try await channel.receive() }
        #expect(try end?.decode(as: ShopError.self) == .closed)
        let defect = await #expect(throws: RPCError.self) { try await shop.invoke("Unspeakable") }
        #expect(defect?.code == .internalError)
        #expect(defect?.message.contains("Unspeakable") == true)
    }

    @Test func handlersThatThrowOrNeverReturnHarmNobodyElse() async throws {
        let door = Door()
        let journal = Journal()
        let service = LeverService {
            Method("Throw") { throw ShopError.closed }
            // Neither the deadline nor the caller's end is heard.
            Method("Deaf") {
                journal.add("deaf")
                await door.pass()
                journal.add("returned")
            }
            ChannelMethod("DeafChan") { channel in
                journal.add("deaf channel")
                await door.pass()
            }
            Method("Echo") { (value: LeverValue) in value }
        }
        try await withServer(service) { address in
            // One connection, so all that follows shares it with them.
            try await withLeverClient(host: "\(address)") { client in
                let endpoint = try client.service("dev.lever", "test")
                let late = await #expect(throws: RPCError.self) {
                    try await endpoint.invoke("Deaf", options: .timeout(.milliseconds(200)))
                }
                #expect(late?.code == .deadlineExceeded)
                try await journal.take("deaf")
                let givenUp = Task { try await endpoint.invoke("Deaf") }
                try await journal.take("deaf")
                givenUp.cancel()
                await #expect(throws: CancellationError.self) { try await givenUp.value }
                let channel = try await endpoint.channel("DeafChan")
                try await journal.take("deaf channel")
                channel.cancel()
                for number in 0..<100 {
                    await #expect(throws: RemoteError.self) { try await endpoint.invoke("Throw") }
                    #expect(try await endpoint.invoke("Echo", number, as: Int.self) == number)
                }
                door.open()
                try await journal.take("returned")
                try await journal.take("returned")
            }
        }
    }

    @Test func aResultThatIsTooLargeIsNamed() async throws {
        let service = LeverService {
            Method("Large") { (count: Int) in [UInt8](repeating: 1, count: count) }
        }
        try await withServer(service) { address in
            try await withLeverClient(host: "\(address)") { client in
                let endpoint = try client.service("dev.lever", "test")
                let error = await #expect(throws: RPCError.self) { try await endpoint.invoke("Large", 17 << 20) }
                #expect(error?.code == .resourceExhausted)
                #expect(error?.message.contains("is longer than") == true)
                #expect(try await endpoint.invoke("Large", 3, as: [UInt8].self) == [1, 1, 1])
            }
        }
    }

    @Test func theContextSaysHowLongThereIs() async throws {
        let service = LeverService {
            Method("Remaining") { (context: CallContext) in
                context.timeRemaining.map { $0 > .zero && $0 <= .seconds(30) }
            }
            Method("Header") { (context: CallContext) in context.metadata("x-color") }
        }
        let handler = service.handler()
        var context = CallContext(url: try LeverURL("lever://dev.lever/test/Remaining"))
        #expect(try await handler.call(context, .values([])) == .result(nil))
        context.deadline = .now + .seconds(30)
        #expect(try await handler.call(context, .values([])) == .result(true))
        context.deadline = .now - .seconds(30)
        #expect(context.timeRemaining == .zero)
        context.url = try LeverURL("lever://dev.lever/test/Header")
        context.metadata = [("x-colour", "red"), ("x-color", "blue"), ("x-color", "green")]
        #expect(try await handler.call(context, .values([])) == .result("blue"))
    }
}
