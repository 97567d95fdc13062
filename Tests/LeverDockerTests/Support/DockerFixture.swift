import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting

/// A driver on the tests' engine, with the code of a service.
struct DockerFixture {
    let engine: DockerTestEngine
    let driver: DockerDriver
    let folder: TemporaryFolder

    static func configuration(_ engine: DockerTestEngine) -> DockerDriver.Configuration {
        var configuration = DockerDriver.Configuration.defaults
        configuration.engine = "unix://\(engine.socket)"
        configuration.image = engine.image
        configuration.nodeImage = engine.image
        return configuration
    }

    /// Runs a body with a driver that is prepared, and ends it.
    static func run(
        _ change: (inout DockerDriver.Configuration) -> Void = { _ in },
        _ body: (DockerFixture) async throws -> Void
    ) async throws {
        guard let engine = DockerTestEngine.current else { throw TestFailure(DockerTestEngine.absence) }
        var configuration = configuration(engine)
        change(&configuration)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let fixture = DockerFixture(
            engine: engine, driver: try DockerDriver(configuration: configuration), folder: folder)
        try await fixture.driver.prepare()
        do {
            try await body(fixture)
        } catch {
            await fixture.driver.shutdown()
            throw error
        }
        await fixture.driver.shutdown()
    }

    func specification(
        _ entry: Manifest.Entry, environment: EnvironmentName = .default, gateway: String? = nil,
        _ change: (inout Manifest) -> Void = { _ in }
    ) throws -> InstanceSpecification {
        let name = try ServiceName("hello")
        var manifest = Manifest(name: name, entry: entry)
        change(&manifest)
        return InstanceSpecification(
            id: InstanceID("hello-" + String(UInt64.random(in: 0 ... .max), radix: 36)),
            service: ServiceID(environment: environment, service: name), version: 1, codeDirectory: folder.path,
            manifest: manifest, internalGateway: gateway)
    }

    func shell(
        _ script: String, environment: EnvironmentName = .default, _ change: (inout Manifest) -> Void = { _ in }
    ) async throws -> any DriverInstance {
        try await driver.start(
            specification(.command(["/bin/sh", "-c", script]), environment: environment, change))
    }

    /// Runs a script to its end and gives what it wrote.
    func output(
        of script: String, environment: EnvironmentName = .default, _ change: (inout Manifest) -> Void = { _ in }
    ) async throws -> [String] {
        let instance = try await shell(script, environment: environment, change)
        _ = await instance.exit()
        return instance.lastOutput(200)
    }

    /// The id of an instance's container; `nil` once there is none.
    func container(of instance: any DriverInstance) async throws -> String? {
        let filters = "{%22label%22:[%22com.leveros.instance=\(instance.id)%22]}"
        let list = try LeverValue(json: try await engine.request("GET", "/containers/json?all=1&filters=\(filters)"))
        return list[0]?["Id"]?.stringValue
    }

    /// Waits until an instance has written a line as its last.
    func wait(for line: String, of instance: any DriverInstance) async throws {
        guard try await eventually({ instance.lastOutput(1) == [line] }) else {
            throw TestFailure("\"\(line)\" was not written; the last lines are \(instance.lastOutput(5))")
        }
    }
}
