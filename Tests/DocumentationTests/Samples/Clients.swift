import CoreMetrics
import LeverClient
import LeverService
import Testing

// docs/clients.md and the catalogue of LeverClient.
enum ClientSamples {
    static func test(_ stock: LeverService) throws -> LeverClient {
        let transport = try InProcessTransport(services: ["dev.lever/stock": stock.handler()])
        let client = LeverClient(transport: transport)
        return client
    }

    struct Post: Codable, Sendable {
        var text: String
    }

    static func follow(_ client: LeverClient) async throws {
        let feed = try await client.service("dev.lever", "chat").resource("lobby").channel("FeedChan")
        try await feed.send("hello")
        for try await post in feed.messages(as: Post.self) { print(post) }
    }

    static func administer(_ client: LeverClient) async throws {
        let admin = client.admin()
        for instance in try await admin.instances() { print(instance.id, instance.state) }
    }
}

// "Calling services".
enum CallingSamples {
    static func byName(_ client: LeverClient) async throws -> Int {
        let chat = try client.service("dev.lever", "chat")
        let lobby = chat.resource("lobby")
        try await lobby.invoke("Say", "hello")
        let count = try await lobby.invoke("Count", as: Int.self)
        let members: [String] = try await lobby.invoke("Members")
        return count + members.count
    }

    protocol Chat: Sendable {
        func say(_ text: String) async throws
        func members() async throws -> [String]
    }

    struct ChatStub: ServiceStub, Chat {
        let endpoint: ServiceEndpoint

        func say(_ text: String) async throws { try await call("Say", text) }
        func members() async throws -> [String] { try await idempotent.call("Members") }
    }

    static func withAType(_ client: LeverClient) throws -> any Chat {
        let lobby: any Chat = ChatStub(endpoint: try client.service("dev.lever", "chat").resource("lobby"))
        return lobby
    }

    enum OrderError: MethodError { case soldOut(left: Int), unknownItem }

    static func order(_ item: String, _ client: LeverClient) async throws {
        let shop = try client.service("dev.lever", "shop").throwing(OrderError.self)
        do {
            try await shop.invoke("Order", item)
        } catch OrderError.soldOut(let left) {
            print("only \(left) left")
        }
    }

    struct Profile: Codable, Sendable {}
    struct Post: Codable, Sendable {}

    static func inTime(_ id: Int, _ users: ServiceEndpoint, _ blog: ServiceEndpoint) async throws -> Int {
        let (profile, posts) = try await withCallTimeout(.seconds(2)) {
            async let profile = users.invoke("Profile", id, as: Profile.self)
            async let posts = blog.invoke("Latest", id, as: [Post].self)
            return try await (profile, posts)
        }
        _ = profile
        return posts.count
    }
}

// "Deploying from code".
enum DeployingSamples {
    static func deploy(_ client: LeverClient) async throws {
        let live = try await client.deploy("services/hello", to: EnvironmentName("dev.lever")) { event in
            switch event {
            case .uploading(let sent, let fraction): print("\(sent) bytes, \(Int(fraction * 100)) %")
            case .uploaded(let bytes): print("\(bytes) bytes sent")
            case .phase(let name, let message): print(name, message ?? "")
            case .warning(let text): print("warning: \(text)")
            }
        }
        print(live.url, live.version ?? 0)
    }
}

// "Failures, retries and several hosts".
enum FailureSamples {
    static func severalHosts() throws -> LeverClient {
        var configuration = LeverClient.Configuration()
        configuration.hosts = ["10.0.0.1:8080", "10.0.0.2:8080"]
        let client = try LeverClient(configuration: configuration)
        return client
    }

    static func policies() -> LeverClient.Configuration {
        var configuration = LeverClient.Configuration()
        configuration.retries = .defaults

        configuration.hedging = HedgingPolicy(delay: .milliseconds(80))

        configuration.metrics = MetricsSystem.factory
        return configuration
    }

    static func reserve(_ id: Int, _ item: String, _ stock: ServiceEndpoint) async throws {
        try await stock.idempotent.invoke("Count", item)  // an endpoint whose calls may all
        try await stock.invoke("Reserve", id, item, options: .idempotent)
    }
}

// "Observing and testing".
struct Authorization: ClientInterceptor {
    let token: @Sendable () async throws -> String

    func call(_ context: CallContext, _ arguments: RPCArguments, next: any RPCTransport) async throws -> RPCReply {
        var context = context
        context.metadata.append(("authorization", "Bearer \(try await token())"))
        return try await next.call(context, arguments)
    }
}

struct Shop {
    let stock: ServiceEndpoint

    init(_ client: LeverClient) throws { stock = try client.service("dev.lever", "stock") }

    func canOrder(_ item: String) async throws -> Bool { try await stock.invoke("Count", item, as: Int.self) > 0 }
}

@Suite struct ShopTests {
    @Test func canOrderWhatIsThere() async throws {
        let stock = LeverService {
            Method("Count") { (item: String) in item == "tea" ? 3 : 0 }
        }

        let transport = try InProcessTransport(services: ["dev.lever/stock": stock.handler()])
        let client = LeverClient(transport: transport)
        #expect(try await Shop(client).canOrder("tea"))
    }
}
