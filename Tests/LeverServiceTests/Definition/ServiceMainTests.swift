// All that a program may import beside the SDK: none of their names may stand in the way of ours.
import Foundation
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

/// The service of the documentation, as it is written there.
struct Hello: LeverServiceMain {
    static var service: ServiceDefinition {
        Method("SayHello") { (name: String) in "Hello, \(name)!" }
        ChannelMethod("TicksChan") { (channel, every: Int) in
            for tick in 0..<3 { try await channel.send(tick * every) }
        }
        ChannelMethod("EchoChan") { channel in
            for try await message in channel { try await channel.send(message) }
        }
        Method("Nothing") {}
        Method("Where") { (context: CallContext, suffix: String?) in
            let resource = context.url.resource
            return resource + (suffix ?? "")
        }
        Method("Data") { (data: Data) in Data(data.reversed()) }
    }
}

/// One whose parts have to be made first, some of them only where they are wanted.
struct Made: LeverServiceMain {
    static var service: ServiceDefinition {
        get async throws {
            let names = try await loadNames()
            for name in names {
                Method(name) { name }
            }
            if names.isEmpty {
                Method("Empty") { true }
            } else {
                Method("Count") { names.count }
            }
            if names.count > 5 { Method("Many") { true } }
            [Method("A") { 1 }, Method("B") { 2 }]
            Group {
                Method("InGroup") { true }
            }
        }
    }

    static func loadNames() async throws -> [String] { ["One", "Two"] }
}

@Suite struct ServiceMainTests {
    @Test func theServiceOfTheDocumentationAnswers() async throws {
        let transport = InProcessTransport(handler: LeverService(Hello.service).handler())
        let hello = try LeverClient(transport: transport).service("dev.lever", "hello")
        #expect(try await hello.invoke("SayHello", "world", as: String.self) == "Hello, world!")
        let ticks = try await hello.channel("TicksChan", 5)
        var numbers: [Int] = []
        for try await tick in ticks.messages(as: Int.self) { numbers.append(tick) }
        #expect(numbers == [0, 5, 10])
        #expect(try await hello.invoke("Nothing", as: LeverValue.self) == nil)
        #expect(try await hello.resource("a/b").invoke("Where", "!", as: String.self) == "a/b!")
        #expect(try await hello.invoke("Data", bytes: [1, 2], as: [UInt8].self) == [2, 1])
    }

    @Test func componentsMayBeMadeAsTheyAreNeeded() async throws {
        let names = try await Made.service.methodNames.map(\.rawValue)
        #expect(names == ["A", "B", "Count", "InGroup", "One", "Two"])
    }
}
