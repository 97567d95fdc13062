import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

// This module is compiled with NonisolatedNonsendingByDefault, where closures passed to parameter packs have crashed the
// compiler. That it compiles is the first part of the test.

struct Hello: LeverServiceMain {
    static var service: ServiceDefinition {
        Method("SayHello") { (name: String) in "Hello, \(name)!" }
        Method("Four") { (context: CallContext, one: Int, two: [String], three: Bool?) async throws -> String in
            await Task.yield()
            return "\(context.url.method) \(one) \(two) \(three ?? false)"
        }
        Method("Nothing") { () async throws in await Task.yield() }
        Method("Function", greet)
        ChannelMethod("TicksChan") { (channel, every: Int) in
            for tick in 0..<3 { try await channel.send(tick * every) }
        }
        Group {
            Method("Wrapped") { 1 }
        }
        .middleware(Doubling())
        ResourceService { resource in
            Counter(resource.name)
        } closing: { counter in
            await counter.close()
        } methods: {
            ResourceMethod("Add") { (counter, amount: Int) in await counter.add(amount) }
            ResourceChannelMethod("WatchChan") { (counter, channel) in try await channel.send(await counter.add(0)) }
        }
    }

    static func greet(_ name: String) async -> String { "Hi, \(name)!" }
}

actor Counter {
    let name: String
    private var count = 0

    init(_ name: String) { self.name = name }

    func add(_ amount: Int) -> Int {
        count += amount
        return count
    }

    func close() { count = 0 }
}

/// Answers twice what the method answers.
struct Doubling: ServiceMiddleware {
    func call(
        _ context: CallContext, _ arguments: RPCArguments, next: @escaping ServiceDefinition.MethodHandler
    ) async throws -> RPCReply {
        guard case .result(.number(let number)) = try await next(context, arguments) else { return .result(nil) }
        return .result(.number(number * 2))
    }
}

@Suite struct NonsendingTests {
    @Test func everyKindOfComponentWorks() async throws {
        let transport = InProcessTransport(handler: LeverService(Hello.service).handler())
        let client = LeverClient(transport: transport)
        let hello = try client.service("dev.lever", "hello")
        #expect(try await hello.invoke("SayHello", "world", as: String.self) == "Hello, world!")
        #expect(try await hello.invoke("Four", 1, ["a"], as: String.self) == "Four 1 [\"a\"] false")
        #expect(try await hello.invoke("Nothing", as: LeverValue.self) == nil)
        #expect(try await hello.invoke("Function", "Ann", as: String.self) == "Hi, Ann!")
        #expect(try await hello.invoke("Wrapped", as: Int.self) == 2)
        let ticks = try await hello.channel("TicksChan", 5)
        var numbers: [Int] = []
        for try await tick in ticks.messages(as: Int.self) { numbers.append(tick) }
        #expect(numbers == [0, 5, 10])
        try await hello.invoke("NewResource", "r")
        #expect(try await hello.resource("r").invoke("Add", 2, as: Int.self) == 2)
        #expect(try await hello.resource("r").invoke("Add", 3, as: Int.self) == 5)
        let watch = try await hello.resource("r").channel("WatchChan")
        #expect(try await watch.receive(as: Int.self) == 5)
        try await hello.invoke("CloseResource", "r")
    }
}
