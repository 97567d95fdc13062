import LeverClient
import LeverCore
import LeverDocker
import LeverRuntime
import Logging
import ServiceLifecycle
import Testing

/// A host in this process, with a client in it.
struct EmbeddedHost: Sendable {
    let host: LeverHost
    let client: LeverClient
    let address: String
    /// Calls the host as another program would.
    let network: LeverClient

    /// Runs a test with a host, and ends it: at once, or gracefully.
    static func with(
        data: String? = nil, driver: TestDriver = .process, witness: Witness? = nil,
        extensions: LeverHost.Extensions = LeverHost.Extensions(),
        gracefully: Bool = false, _ change: @Sendable (inout LeverHost.Configuration) -> Void = { _ in },
        docker: @Sendable (inout DockerDriver.Configuration) -> Void = { _ in },
        prepare: @Sendable (LeverHost) async throws -> Void = { _ in },
        body: @escaping @Sendable (EmbeddedHost) async throws -> Void
    ) async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        configuration.dataDirectory = data
        configuration.shutdownTimeout = .seconds(2)
        configuration.instances.terminationGrace = .seconds(2)
        change(&configuration)
        var extensions = extensions
        if driver == .docker {
            var containers = try TestDriver.configuration()
            containers.dataDirectory = data
            docker(&containers)
            extensions.driver = try DockerDriver(
                configuration: containers, logger: Logger(label: "docker") { _ in SwiftLogNoOpLogHandler() })
        }
        let host = try LeverHost(
            configuration: configuration, extensions: extensions,
            logger: Logger(label: "host") { _ in SwiftLogNoOpLogHandler() })
        try await prepare(host)
        if let journal = witness?.journal { try await host.register("dev.lever/journal", journal, isPrivate: true) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(
                services: [host], logger: Logger(label: "host") { _ in SwiftLogNoOpLogHandler() })
            group.addTask { if gracefully { try await services.run() } else { try await host.run() } }
            let address = try await host.address
            do {
                try await body(
                    EmbeddedHost(
                        host: host, client: LeverClient(transport: host.client), address: address,
                        network: LeverClient(host: address)))
            } catch {
                group.cancelAll()
                try? await group.waitForAll()
                throw error
            }
            if gracefully { await services.triggerGracefulShutdown() } else { group.cancelAll() }
            try await group.waitForAll()
        }
    }

    /// Calls a method of the service `hello`.
    func call(_ method: String, _ arguments: LeverValue...) async throws -> LeverValue {
        let url = try LeverURL("lever://dev.lever/hello/\(method)")
        switch try await client.call(url, .values(arguments)) {
        case .result(let value): return value
        case .error(let value): throw RemoteError(url: url, payload: .value(value))
        case .bytes, .errorBytes: throw RPCError(.badMessage, "bytes")
        }
    }

    /// Deploys a JavaScript service; gives its version.
    func deploy(
        _ script: String, name: String = "hello", manifest: [String: LeverValue] = [:]
    ) async throws -> Int? {
        let folder = try ServiceFolder(name: name, script, manifest: manifest)
        let live = try await client.deploy(folder.path, to: .default)
        // The folder goes with its object.
        return withExtendedLifetime(folder) { live.version }
    }

    /// Sends a package as old clients do: gives the error that came, or `nil` for success.
    func deploy(
        package: [UInt8], to environment: LeverValue = "dev.lever", chunk: Int = 32 * 1024
    ) async throws -> String? {
        let url = try LeverURL("lever://admin.lever/admin/DeployServiceChan")
        let channel = try await client.open(url, .values([environment]))
        do {
            for start in stride(from: 0, to: package.count, by: chunk) {
                try await channel.send(bytes: Array(package[start..<min(start + chunk, package.count)]))
            }
            try await channel.finish()
        } catch is RPCError {
            // Refused before it was whole: the reason follows.
        }
        do {
            let message = try await channel.receive()
            #expect(message == nil, "an old client takes any message for a failure")
            return nil
        } catch let error as RemoteError {
            return error.value?.stringValue ?? "an error without text"
        }
    }
}
