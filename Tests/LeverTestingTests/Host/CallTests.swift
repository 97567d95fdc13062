import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// Calls to a host in memory, as long as nothing goes wrong.
@Suite struct CallTests {
    @Test func aServiceAnswersAndAResourceKeepsItsState() async throws {
        try await withTestHost { host in
            let journal = Journal()
            #expect(try await host.deploy(rooms(journal, clock: host.clock), as: "dev.lever/chat") == 1)
            let chat = try host.client.service("chat")
            let lobby = chat.resource("lobby")
            #expect(try await lobby.invoke("Say", "one", as: Int.self) == 1)
            #expect(try await lobby.invoke("Say", "two", as: Int.self) == 2)
            #expect(try await chat.resource("garden").invoke("Say", "one", as: Int.self) == 1)
            #expect(journal.all == ["new lobby", "new garden"])
            let instance = try #require(host.instances("chat").first)
            #expect(host.instances("chat").count == 1)
            #expect(instance.resources == [ResourceID("garden"), ResourceID("lobby")])
            #expect(host.activation(of: "lobby", in: "chat")?.instance == instance.id)
        }
    }

    @Test func unknownNamesAreRefusedAsByAHost() async throws {
        try await withTestHost { host in
            try await host.deploy(ServiceDefinition {}, as: "hello")
            try await expectRPCError(reason: .noService) {
                try await host.client.service("other").invoke("Say")
            }
            try await expectRPCError(reason: .noEnvironment) {
                try await host.client.service("shop.example.com", "hello").invoke("Say")
            }
            try await expectRPCError(reason: .noMethod) { try await host.client.service("hello").invoke("Say") }
            try await expectRPCError(.invalidArgument) { try await host.deploy(ServiceDefinition {}, as: "a/b/c") }
        }
    }

    @Test func errorsOfMethodsArriveAsWhatTheyAre() async throws {
        try await withTestHost { host in
            try await host.deploy(as: "hello", maxInstances: 1) {
                LeverService {
                    Method("Own") { () async throws in throw ServiceError("no such note") }
                    Method("Status") { () async throws in throw RPCError(code: .notFound, message: "not here") }
                }.handler()
            }
            let hello = try host.client.service("hello")
            let own = await #expect(throws: RemoteError.self) { try await hello.invoke("Own") }
            #expect(own?.payload == .value("no such note"))
            let status = try await expectRPCError(.notFound) { try await hello.invoke("Status") }
            #expect(status.message == "not here")
            #expect(status.origin == .instance)
        }
    }

    @Test func channelsCarryMessagesBothWaysAndEnd() async throws {
        try await withTestHost { host in
            try await host.deploy(rooms(Journal(), clock: host.clock), as: "chat")
            let channel = try await host.client.service("chat").channel("EchoChan")
            try await channel.send("a")
            #expect(try await channel.receive(as: String.self) == "a")
            #expect(host.instances("chat").first?.calls == 1)
            try await channel.finish()
            #expect(try await channel.receive(as: String.self) == nil)
            await host.settle()
            #expect(host.instances("chat").first?.calls == 0)
        }
    }

    private struct Refusing: RPCHandler {
        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply { .result(.null) }

        func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
            throw RPCError(code: .aborted, message: "no")
        }
    }

    @Test func aChannelMethodThatFailsBeforeItAcceptsOpensNothing() async throws {
        try await withTestHost { host in
            try await host.deploy(as: "hello") { Refusing() }
            try await expectRPCError(.aborted) { try await host.client.service("hello").channel("NoChan") }
        }
    }

    @Test func aDeadlinePassesInVirtualTime() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let chat = try host.client.service("chat").with(CallOptions(timeout: .seconds(5)))
            let late = host.task { try await chat.invoke("Wait", 6, as: Int.self) }
            await host.advance(by: .milliseconds(4_999))
            #expect(host.instances("chat").first?.calls == 1)
            await host.advance(by: .milliseconds(1))
            try await expectRPCError(reason: .deadline) { try await late.value }
            #expect(host.instances("chat").first?.calls == 0)
            await host.advance(by: .seconds(10))
            // The handler was told that nobody waits for it.
            #expect(journal.all == ["wait 6"])
        }
    }

    @Test func aCallThatIsCancelledEndsItsHandler() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(rooms(journal, clock: host.clock), as: "chat")
            let chat = try host.client.service("chat")
            await withTaskGroup { group in
                group.addTask { _ = try? await chat.invoke("Wait", 60, as: Int.self) }
                await host.settle()
                #expect(journal.all == ["wait 60"])
                group.cancelAll()
            }
            await host.settle()
            #expect(host.instances("chat").first?.calls == 0)
            await host.advance(by: .seconds(100))
            #expect(journal.all == ["wait 60"])
        }
    }

    @Test func aHandlersOwnCallsAreMadeOnItsBehalf() async throws {
        try await withTestHost { host in
            let client = host.client
            try await host.deploy(as: "inner", isPrivate: true) {
                LeverService {
                    Method("Who") { (context: CallContext) in "\(context.callID ?? "none") \(context.depth)" }
                }.handler()
            }
            try await host.deploy(as: "outer") {
                LeverService {
                    Method("Ask") { () in try await client.service("inner").invoke("Who", as: String.self) }
                }.handler()
            }
            #expect(try await client.service("outer").invoke("Ask", as: String.self) == "call-1 1")
            // From outside the private one cannot be called.
            try await expectRPCError(reason: .privateService) { try await client.service("inner").invoke("Who") }
        }
    }

    @Test func aCallBackIntoAResourceThatIsLeavingGetsIn() async throws {
        try await withTestHost { host in
            let client = host.client
            let clock = host.clock
            let service = ServiceDefinition {
                Method("Outer") { (context: CallContext) in
                    try await clock.sleep(for: .seconds(20))
                    return try await client.service("echo").resource(context.url.resource).invoke(
                        "Inner", as: String.self)
                }
                Method("Inner") { (context: CallContext) in "epoch \(context.epoch ?? 0)" }
            }
            try await host.deploy(service, as: "echo")
            let resource = try client.service("echo").resource("r")
            let answer = host.task { try await resource.invoke("Outer", as: String.self) }
            await host.settle()
            let epoch = try #require(host.epochs(of: "r", in: "echo").last)
            // The window of the move is over after 10 s, the call's own time after 40 s.
            let upgrade = host.task { try await host.deploy(service, as: "echo") }
            await host.advance(by: .seconds(30))
            #expect(try await answer.value == "epoch \(epoch)")
            #expect(try await upgrade.value == 2)
        }
    }
}
