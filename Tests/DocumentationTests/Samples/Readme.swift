import LeverClient
import LeverRuntime
import LeverService

// README.md, and what the pages of other modules say in the same words.
enum Readme {
    struct Hello: LeverServiceMain {
        static var service: ServiceDefinition {
            Method("SayHello") { (name: String) in "Hello, \(name)!" }
        }
    }

    static func call() async throws -> String {
        let client = try LeverClient(host: "127.0.0.1:8080")
        let hello = try client.service("dev.lever", "helloService")
        let greeting: String = try await hello.invoke("SayHello", "world")
        return greeting
    }

    static func callAnyHost() async throws -> String {
        let client = try LeverClient(host: "127.0.0.1:8080")  // without a host: port 80 of the environment's name
        let hello = try client.service("dev.lever", "helloService")
        let greeting: String = try await hello.invoke("SayHello", "world")
        return greeting
    }

    static func embed() async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        configuration.dataDirectory = "data"
        let host = try LeverHost(configuration: configuration)
        try await withThrowingTaskGroup { group in
            group.addTask { try await host.run() }
            print("listening on \(try await host.address)")
            let client = LeverClient(transport: host.client)
            _ = try await client.deploy("hello", to: .default)
            print(try await client.service("dev.lever", "helloService").invoke("SayHello", "Swift", as: String.self))
            group.cancelAll()
        }
    }

    static func run() async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        configuration.dataDirectory = "data"
        let host = try LeverHost(configuration: configuration)
        try await withThrowingTaskGroup { group in
            group.addTask { try await host.run() }
            print("listening on \(try await host.address)")
            try await group.next()
        }
    }
}
