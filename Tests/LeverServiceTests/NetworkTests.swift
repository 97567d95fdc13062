import Foundation
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// Client and service over sockets.
@Suite struct NetworkTests {
    private static func service(_ journal: Journal = Journal()) -> LeverService {
        let service = LeverService {
            Method("Echo") { (value: LeverValue) in value }
            Method("Reverse") { (bytes: [UInt8]) in [UInt8](bytes.reversed()) }
            Method("Fail") { throw ServiceError(["code": 7]) }
            Method("Status") { throw RPCError(code: .outOfRange, message: "too far") }
            Method("Wait") { (name: String) in
                journal.add("begin \(name)")
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    journal.add("cancelled \(name)")
                    throw error
                }
            }
            Method("Context") { (context: CallContext) -> LeverValue in
                [
                    "id": context.callID.map { .string($0) } ?? nil, "depth": .number(Double(context.depth)),
                    "hasDeadline": .bool(context.deadline != nil), "resource": .string(context.url.resource),
                ]
            }
            ChannelMethod("EchoChan") { (channel: LeverChannel) in
                for try await message in channel { try await channel.send(message) }
                journal.add("end of echo")
            }
            ChannelMethod("QuietChan") { (channel: LeverChannel) in
                journal.add("begin quiet")
                do {
                    try await Task.sleep(for: .seconds(60))
                } catch {
                    journal.add("cancelled quiet")
                    throw error
                }
            }
            ChannelMethod("FailChan") { (channel: LeverChannel) in
                try await channel.send(1)
                throw ServiceError(bytes: [1, 2])
            }
        }
        return service
    }

    private func withClient(
        _ journal: Journal = Journal(), _ body: (LeverClient, ServiceEndpoint) async throws -> Void
    ) async throws {
        let directory = FileManager.default.temporaryDirectory.path
        let socket = "unix:\(directory)/lever-\(UUID().uuidString.prefix(8)).sock"
        for address in ["127.0.0.1:0", socket] {
            try await withServer(Self.service(journal), at: #require(TransportAddress(address))) { address in
                try await withLeverClient(host: "\(address)") { client in
                    try await body(client, try client.service("dev.lever", "test"))
                }
            }
        }
    }

    // MARK: Calls

    @Test func valuesOfEveryKindSurvive() async throws {
        try await withClient { _, endpoint in
            let values: [LeverValue] = [
                nil, false, true, 0, -0.5, 1e300, "", "ü\u{0}𝄞", [], [[], [nil]], [:],
                ["": "", "a": ["b": [1, false]]],
                .string(String(repeating: "long", count: 500_000)),
            ]
            for value in values {
                let echo = try await endpoint.invoke("Echo", value, as: LeverValue.self)
                #expect(echo == value)
            }
            let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
            #expect(try await endpoint.invoke("Reverse", bytes: bytes, as: [UInt8].self) == bytes.reversed())
            #expect(try await endpoint.invoke("Reverse", bytes: [], as: [UInt8].self) == [])
        }
    }

    @Test func manyCallsAtOnce() async throws {
        try await withClient { _, endpoint in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<2_000 {
                    group.addTask { try await endpoint.invoke("Echo", number, as: Int.self) == number }
                }
                for try await isRight in group where !isRight { Issue.record("a reply went to another call") }
            }
        }
    }

    @Test func severalConnectionsShareTheCalls() async throws {
        try await withServer(Self.service()) { address in
            var configuration = LeverClient.Configuration()
            configuration.connectionsPerHost = 3
            try await withLeverClient(host: "\(address)", configuration: configuration) { client in
                let endpoint = try client.service("dev.lever", "test")
                for number in 0..<10 { #expect(try await endpoint.invoke("Echo", number, as: Int.self) == number) }
            }
        }
    }

    @Test func errorsKeepTheirKind() async throws {
        try await withClient { _, endpoint in
            let own = await #expect(throws: RemoteError.self) { try await endpoint.invoke("Fail") }
            #expect(own?.value == ["code": 7])
            let status = await #expect(throws: RPCError.self) { try await endpoint.invoke("Status") }
            #expect(status?.code == .outOfRange)
            #expect(status?.message == "too far")
            #expect(status?.origin == .instance)
            let unknown = await #expect(throws: RPCError.self) { try await endpoint.invoke("Unknown") }
            #expect(unknown?.code == .unimplemented)
            #expect(unknown?.reason == .noMethod)
            let arguments = await #expect(throws: RPCError.self) { try await endpoint.invoke("Wait", 1, 2) }
            #expect(arguments?.code == .invalidArgument)
        }
    }

    @Test func theContextTravels() async throws {
        try await withClient { client, endpoint in
            let outer = CallContext(url: try LeverURL("lever://shop.lever/cart/Buy"), callID: "id-1", depth: 3)
            let inner = try await CallContext.$current.withValue(outer) {
                try await endpoint.resource("a/b").with(.timeout(.seconds(30))).invoke("Context", as: LeverValue.self)
            }
            #expect(inner == ["id": "id-1", "depth": 4, "hasDeadline": true, "resource": "a/b"])
        }
    }

    // MARK: Ends

    @Test func aDeadlineEndsTheCallAtBothEnds() async throws {
        let journal = Journal()
        try await withClient(journal) { _, endpoint in
            let error = await #expect(throws: RPCError.self) {
                try await endpoint.invoke("Wait", "late", options: .timeout(.seconds(1)))
            }
            #expect(error?.code == .deadlineExceeded)
            try await journal.take("cancelled late")
        }
    }

    @Test func cancellingTheTaskCancelsTheHandler() async throws {
        let journal = Journal()
        try await withClient(journal) { _, endpoint in
            let call = Task { try await endpoint.invoke("Wait", "given up") }
            try await journal.take("begin given up")
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            try await journal.take("cancelled given up")
        }
    }

    @Test func channelsEchoAndEnd() async throws {
        let journal = Journal()
        try await withClient(journal) { _, endpoint in
            let channel = try await endpoint.channel("EchoChan")
            for number in 0..<100 {
                try await channel.send(number)
                #expect(try await channel.receive(as: Int.self) == number)
            }
            try await channel.send(bytes: [1, 2])
            try await channel.finish()
            #expect(try await channel.receive() == .bytes([1, 2]))
            #expect(try await channel.receive() == nil)
            try await journal.take("end of echo")
        }
    }

    @Test func aSlowReaderHoldsTheWriterBack() async throws {
        try await withClient { _, endpoint in
            let channel = try await endpoint.channel("EchoChan")
            let message = [UInt8](repeating: 7, count: 50_000)
            let count = 400
            let sent = Mutex(0)
            let sender = Task {
                for _ in 0..<count {
                    try await channel.send(bytes: message)
                    sent.withLock { $0 += 1 }
                }
                try await channel.finish()
            }
            // Nobody reads yet, so what is under way is bounded: it stops growing before the end.
            var last = -1
            for _ in 0..<200 {
                try await Task.sleep(for: .milliseconds(20))
                let now = sent.withLock { $0 }
                if now > 0, now == last { break }
                last = now
            }
            #expect(sent.withLock { $0 } < count)
            var received = 0
            for try await message in channel {
                if case .bytes(let bytes) = message { received += bytes.count }
            }
            try await sender.value
            #expect(received == count * message.count)
        }
    }

    @Test func aChannelOpensThoughTheMethodSaysNothing() async throws {
        let journal = Journal()
        try await withClient(journal) { _, endpoint in
            let channel = try await endpoint.channel("QuietChan")
            try await journal.take("begin quiet")
            channel.cancel()
            try await journal.take("cancelled quiet")
            await #expect(throws: RPCError.self) { try await channel.receive() }
        }
    }

    @Test func aChannelThatIsDroppedIsCancelled() async throws {
        let journal = Journal()
        try await withClient(journal) { _, endpoint in
            _ = try await endpoint.channel("QuietChan")
            try await journal.take("cancelled quiet")
        }
    }

    @Test func theMethodsErrorEndsTheChannel() async throws {
        try await withClient { _, endpoint in
            let channel = try await endpoint.channel("FailChan")
            #expect(try await channel.receive(as: Int.self) == 1)
            let error = await #expect(throws: RemoteError.self) { _ = try await channel.receive() }
            #expect(error?.bytes == [1, 2])
        }
    }

    @Test func aHostThatIsNotThereIsUnreachable() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        try await withLeverClient(host: "unix:\(directory)/lever-nobody.sock") { client in
            let error = await #expect(throws: RPCError.self) { try await client.invoke(url: "/test/Echo", 1) }
            #expect(error?.reason == .unreachable)
            #expect(error?.code == .unavailable)
        }
    }

    @Test func aClientOutlivesItsServer() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        let socket = try #require(TransportAddress("unix:\(directory)/lever-\(UUID().uuidString.prefix(8)).sock"))
        try await withLeverClient(host: "\(socket)") { client in
            for number in 0..<3 {
                try await withServer(Self.service(), at: socket) { _ in
                    // The first attempts may fall into the wait after a failed one.
                    var reply: Int?
                    for _ in 0..<500 where reply == nil {
                        reply = try? await client.invoke(url: "/test/Echo", number, as: Int.self)
                        if reply == nil { try await Task.sleep(for: .milliseconds(20)) }
                    }
                    #expect(reply == number)
                }
            }
        }
    }

    // MARK: Running

    @Test func gracefulShutdownLetsCallsEnd() async throws {
        let directory = FileManager.default.temporaryDirectory.path
        let door = Door()
        let journal = Journal()
        var service = LeverService {
            Method("Work") {
                journal.add("begin")
                await door.pass()
                return "done"
            }
            OnCloseResource { journal.add("close \($0.name)") }
        }
        service.configuration.address = "unix:\(directory)/lever-\(UUID().uuidString.prefix(8)).sock"
        service.configuration.drainTimeout = .seconds(30)
        let address = try #require(service.configuration.address)
        let group = ServiceGroup(
            configuration: .init(services: [service], gracefulShutdownSignals: [], logger: .init(label: "test")))
        async let run: Void = group.run()
        try await withLeverClient(host: address) { client in
            async let reply: String? = {
                for _ in 0..<500 {
                    do {
                        return try await client.invoke(url: "/test/Work", as: String.self)
                    } catch let error as RPCError where error.reason == .unreachable {
                        // The service is not listening yet.
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
                return nil
            }()
            try await journal.take("begin")
            try await client.invoke(url: "/test/NewResource", "r")
            await group.triggerGracefulShutdown()
            #expect(journal.all == [])
            door.open()
            let result = try await reply
            #expect(result == "done")
        }
        try await run
        // What it still held is closed, after the last call.
        #expect(journal.all == ["close r"])
        try await withLeverClient(host: address) { client in
            let error = await #expect(throws: RPCError.self) { try await client.invoke(url: "/test/Work") }
            #expect(error?.reason == .unreachable)
        }
    }

    @Test func anAddressThatIsTakenIsNamed() async throws {
        try await withServer(Self.service()) { address in
            var service = LeverService {}
            service.configuration.address = "\(address)"
            let error = await #expect(throws: RuntimeError.self) { try await service.run() }
            #expect(error?.code == .bindFailed)
            #expect(error?.message.contains("\(address)") == true)
        }
    }
}
