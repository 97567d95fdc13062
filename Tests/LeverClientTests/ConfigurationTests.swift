import LeverCore
import LeverTransport
import Testing

@testable import LeverClient

@Suite struct ConfigurationTests {
    @Test(arguments: ["127.0.0.1:8080", "localhost:1", "[::1]:8080", "unix:/tmp/lever.sock", "dev.lever:80"])
    func goodHosts(_ host: String) throws {
        _ = try LeverClient(host: host)
    }

    @Test(arguments: [
        "", "localhost", "localhost:", "localhost:0", "localhost:65536", "localhost:-1", "::1:80", "unix:",
    ])
    func badHosts(_ host: String) {
        let error = #expect(throws: RuntimeError.self) { try LeverClient(host: host) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("\"\(host)\"") == true)
    }

    @Test func everyValueIsChecked() {
        let changes: [(String, (inout LeverClient.Configuration) -> Void)] = [
            ("timeout", { $0.timeout = .zero }), ("connectTimeout", { $0.connectTimeout = .seconds(-1) }),
            ("idleTimeout", { $0.idleTimeout = .zero }), ("connectionsPerHost", { $0.connectionsPerHost = 0 }),
            ("maximumQueue", { $0.maximumQueue = 0 }), ("maximumMessageLength", { $0.maximumMessageLength = 0 }),
        ]
        for (name, change) in changes {
            var configuration = LeverClient.Configuration()
            change(&configuration)
            let error = #expect(throws: RuntimeError.self) { try configuration.validate() }
            #expect(error?.message.contains(name) == true)
        }
    }

    @Test func callsGoThroughTheGatewayOfTheCallBeingAnswered() throws {
        let shop = try EnvironmentName("shop.example.com")
        var call = CallContext(url: try LeverURL("lever://shop.example.com/cart/Buy"))
        #expect(try HostConnections.address(of: .default, within: nil) == .tcp(host: "dev.lever", port: 80))
        #expect(try HostConnections.address(of: shop, within: call) == .tcp(host: "shop.example.com", port: 80))
        call.internalGateway = "10.0.0.1:3000"
        let gateway = TransportAddress.tcp(host: "10.0.0.1", port: 3000)
        #expect(try HostConnections.address(of: shop, within: call) == gateway)
        #expect(try HostConnections.address(of: .default, within: call) == gateway)
        let elsewhere = try EnvironmentName("other.example.com")
        #expect(try HostConnections.address(of: elsewhere, within: call) == .tcp(host: "other.example.com", port: 80))
        call.internalGateway = "nonsense"
        #expect(throws: RPCError.self) { try HostConnections.address(of: shop, within: call) }
    }

    @Test func aClientThatWasShutDownTakesNoCalls() async throws {
        let client = try LeverClient(host: "127.0.0.1:1")
        await client.shutdown()
        await client.shutdown(force: true)
        let error = await #expect(throws: RuntimeError.self) { try await client.invoke(url: "/hello/Say") }
        #expect(error?.code == .stopped)
    }
}
