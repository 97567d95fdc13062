import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import LeverService

/// A host of which five parts are the program's own. Each shows in what the calls come back with.
@main struct Demonstration {
    static func main() async throws {
        // The instances run in this process: each answers with its own name.
        let driver = CountingDriver(
            InProcessDriver { specification in
                let name = "\(specification.id)"
                return LeverService { LeverMethod("Who") { name } }.handler()
            })
        var extensions = LeverHost.Extensions()
        extensions.driver = driver
        extensions.catalog = TalkingCatalog(catalog: InMemoryCatalog()) { print($0) }
        extensions.balancer = RoundRobin()
        extensions.placement = ByTenant()
        extensions.makePolicy = { _ in Headroom() }

        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let host = try LeverHost(configuration: configuration, extensions: extensions)
        try await withThrowingTaskGroup { group in
            group.addTask { try await host.run() }
            try await demonstrate(LeverClient(transport: host.client), driver)
            group.cancelAll()
        }
    }

    private static func demonstrate(_ client: LeverClient, _ driver: CountingDriver) async throws {
        let package = FileManager.default.temporaryDirectory.appending(path: "lever-\(UUID())")
        try FileManager.default.createDirectory(at: package, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: package) }
        try Data(#"{"name": "whoService", "minInstances": 1}"#.utf8).write(to: package.appending(path: "lever.json"))
        _ = try await client.deploy(package.path(), to: .default)
        let service = try client.service("whoService")

        // One instance is needed, so there are two, and they answer in turn.
        var names: Set<String> = []
        let end = ContinuousClock.now + .seconds(60)
        while names.count < 2, .now < end { names.insert(try await service.invoke("Who", as: String.self)) }
        print("\(names.count) instances answer, \(driver.started) were started")

        // All of a tenant's resources are on one of them.
        var places: [String: Set<String>] = [:]
        for tenant in ["acme", "initech"] {
            for number in 1...5 {
                let place = try await service.resource("\(tenant)/\(number)").invoke("Who", as: String.self)
                places[tenant, default: []].insert(place)
            }
        }
        print(
            "instances of each tenant: \(places.mapValues(\.count).sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })"
        )
    }
}
