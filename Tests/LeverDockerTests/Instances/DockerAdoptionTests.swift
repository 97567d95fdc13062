import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// What a driver makes of the containers of a host that was killed.
@Suite("Containers of a killed host", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct DockerAdoptionTests {
    /// Listens as our SDKs do, and writes a line each tenth of a second.
    private static let program = """
        const path = process.env.LEVEROS_LISTEN.slice(5);
        require("net").createServer((socket) => socket.on("error", () => {})).listen(path, () => console.log("listens"));
        let number = 0;
        setInterval(() => console.log("line", ++number), 100);
        """

    /// Runs a body with an instance of a driver that is never shut down, and with the driver of the next run.
    private func run(
        _ change: (inout DockerDriver.Configuration) -> Void = { _ in },
        _ body: (DockerFixture, DockerDriver, InstanceSpecification, [Leftover]) async throws -> Void
    ) async throws {
        let engine = try #require(DockerTestEngine.current)
        let data = try TemporaryFolder()
        defer { data.remove() }
        try await DockerFixture.run { others in
            var configuration = DockerFixture.configuration(engine)
            configuration.dataDirectory = data.path
            let first = try DockerDriver(configuration: configuration)
            try await first.prepare()
            let specification = try others.specification(.command(["node", "-e", Self.program]))
            let instance = try await first.start(specification)
            _ = try await instance.listening()
            change(&configuration)
            let second = try DockerDriver(configuration: configuration)
            let outcome: Result<Void, any Error>
            do {
                let left = try await second.prepareAdopting()
                outcome = .success(try await body(others, second, specification, left))
            } catch {
                outcome = .failure(error)
            }
            await second.shutdown()
            // Nothing is left of it, whatever became of it.
            _ = await instance.exit()
            #expect(try await others.container(of: instance) == nil)
            await first.shutdown()
            try outcome.get()
        }
    }

    @Test("one that is what would be made now goes on, and so does its output")
    func adopted() async throws {
        try await run { fixture, driver, specification, left in
            #expect(left == [Leftover(id: specification.id, service: specification.service, version: 1)])
            let instance = try await driver.adopt(specification, writtenAfter: nil)
            try await driver.removeLeftovers()
            #expect(try await fixture.container(of: instance) != nil)
            guard case .unix = try await instance.listening().endpoint else {
                Issue.record("it listens elsewhere")
                return
            }
            #expect(try await eventually { instance.lastOutput(200).contains("line 10") })
            #expect(instance.lastOutput(200).filter { $0 == "line 1" || $0 == "listens" } == ["listens", "line 1"])
            instance.terminate(grace: .zero)
            #expect(await instance.exit() == .signal(9))
            #expect(try await fixture.container(of: instance) == nil)
        }
    }

    @Test("one that would be made otherwise does not: by its manifest, its code, its gateway, the host's settings")
    func changed() async throws {
        try await run { fixture, driver, specification, _ in
            for change: (inout InstanceSpecification) -> Void in [
                { $0.manifest.ram += 1 }, { $0.codeDigest = "other" }, { $0.internalGateway = "127.0.0.1:1" },
                { $0.version = 2 }, { $0.manifest.config = ["a": 1] },
            ] {
                var other = specification
                change(&other)
                let error = await #expect(throws: RuntimeError.self) {
                    _ = try await driver.adopt(other, writtenAfter: nil)
                }
                #expect(error?.message.contains("something else") == true, "\(String(describing: error))")
            }
            try await driver.removeLeftovers()
            await #expect(throws: RuntimeError.self) { _ = try await driver.adopt(specification, writtenAfter: nil) }
        }
        try await run({ $0.processes += 1 }) { _, driver, specification, _ in
            await #expect(throws: RuntimeError.self) { _ = try await driver.adopt(specification, writtenAfter: nil) }
        }
    }

    @Test("one that is paused does not, nor one that nobody decides about")
    func paused() async throws {
        try await run { fixture, driver, specification, _ in
            let filters = "{%22label%22:[%22com.leveros.instance=\(specification.id)%22]}"
            let list = try LeverValue(
                json: try await fixture.engine.request("GET", "/containers/json?all=1&filters=\(filters)"))
            let container = try #require(list[0]?["Id"]?.stringValue)
            try await fixture.engine.request("POST", "/containers/\(container)/pause")
            let error = await #expect(throws: RuntimeError.self) {
                _ = try await driver.adopt(specification, writtenAfter: nil)
            }
            #expect(error?.message == "it does not run")
        }
    }
}
