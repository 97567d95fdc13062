import LeverClient
import LeverCore
import LeverRuntime
import LeverService
import LeverTesting
import Logging
import ServiceLifecycle
import Testing

// The articles of LeverRuntime: "How a call travels", "Upgrades", "Scaling", "Embedding".
enum RuntimeSamples {
    @ServiceBuilder static func totals(_ client: LeverClient) -> ServiceDefinition {
        Method("Total") { (items: [String]) in
            let stock = try client.service("stock")
            var total = 0
            for item in items { total += try await stock.invoke("Count", item, as: Int.self) }
            return total
        }
    }

    static func address(_ client: LeverClient) async throws {
        let chat = try client.service("dev.lever", "chat")
        let lobby = chat.resource("lobby")
        try await lobby.invoke("Say", "hello")
    }

    static func upgrade(_ host: LeverHost) async throws {
        let client = LeverClient(transport: host.client)
        let live = try await client.deploy("services/chat", to: .default)
        print("version \(live.version ?? 0) is live")
    }

    static func goBack(_ client: LeverClient) async throws {
        let live = try await client.admin().rollback(ServiceID("dev.lever/chat"))
        print("version \(live.version ?? 0) is live again")
    }

    static func patience() -> LeverHost.Configuration {
        var configuration = LeverHost.Configuration.defaults
        configuration.instances.drainTimeout = .seconds(60)
        configuration.instances.startTimeout = .seconds(30)
        return configuration
    }

    static func bounds(_ client: LeverClient) async throws {
        try await client.admin().setScaling(of: ServiceID("dev.lever/chat"), .init(minInstances: 2))
    }

    static func tuning() -> LeverHost.Configuration {
        var configuration = LeverHost.Configuration.defaults
        configuration.scaling.policy.idleTime = .seconds(600)  // keep the last instance for ten minutes
        configuration.scaling.policy.maxStarting = 4  // start at most four at a time
        return configuration
    }

    static func policy() -> LeverHost.Extensions {
        var extensions = LeverHost.Extensions()
        extensions.makePolicy = { service in OnePerChannel() }
        return extensions
    }

    struct UnknownService: Error {}

    static func inProcess(_ hello: LeverService) throws -> LeverHost {
        var extensions = LeverHost.Extensions()
        extensions.driver = InProcessDriver { specification in
            guard specification.service.service.rawValue == "hello" else { throw UnknownService() }
            return hello.handler()
        }
        let host = try LeverHost(extensions: extensions)
        return host
    }
}

@Test func noCallIsLostByAnUpgrade() async throws {
    try await withTestHost { host in
        try await host.deploy(Chat.service, as: "chat", minInstances: 2)
        let lobby = try host.client.service("chat").resource("lobby")
        try await lobby.invoke("Say", "before")
        try await host.deploy(Chat.service, as: "chat", minInstances: 2)
        try await lobby.invoke("Say", "after")
        #expect(host.liveVersion(of: "chat") == 2)
        #expect(host.epochs(of: "lobby", in: "chat").count == 2)
    }
}
