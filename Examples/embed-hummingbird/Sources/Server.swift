import Hummingbird
import LeverClient
import LeverRuntime
import LeverService

/// A web server with a Lever host in it: the routes call services, and one of the services is the program's own.
@main struct Server {
    static func main() async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let host = try LeverHost(configuration: configuration)

        let greeter = LeverService {
            LeverMethod("Greet") { (name: String) in "Hello, \(name)!" }
        }
        try await host.register("dev.lever/greeter", greeter.handler(), description: "greets")

        let client = LeverClient(transport: host.client)
        let router = Router()
        router.get("hello/:name") { _, context in
            let name = try context.parameters.require("name")
            return try await client.service("greeter").invoke("Greet", name, as: String.self)
        }

        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)), services: [host],
            onServerRunning: { channel in
                let lever = (try? await host.address) ?? "nowhere"
                print("web on 127.0.0.1:\(channel.localAddress?.port ?? 0), Lever on \(lever)")
            })
        try await application.runService()
    }
}
