import DockerTestSupport
import LeverCore
import Logging
import Testing

@testable import LeverDocker

/// One container, without a driver around it.
@Suite("A container", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct DockerInstanceTests {
    @Test("one that is made and not started yet is not taken for dead")
    func young() async throws {
        let tests = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let fixture = DockerFixture(engine: tests, driver: try DockerDriver(), folder: folder)
        let specification = try fixture.specification(.command(["sleep", "1000"]))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = try Engine(address: EngineAddress("unix://\(tests.socket)"), timeout: .seconds(60))
        let container = try await engine.createContainer(
            named: "lever-test-\(specification.id)", ["Image": .string(tests.image), "Cmd": ["sleep", "1000"]])
        let instance = DockerInstance(
            specification, container: container, runFolder: folder.path, output: OutputLog(capacity: 10),
            DockerInstance.Surroundings(
                engine: engine,
                folder: try RuntimeFolder("\(folder.path)/run", owner: "test", user: 65534, group: 65534),
                logger: logger,
                ended: { _ in }))
        // As when the engine's events begin: whatever is known is looked at.
        await instance.checkIsKnown()
        try await engine.startContainer(container)
        instance.started(address: nil)
        await instance.checkIsKnown()
        instance.terminate(grace: .zero)
        #expect(await instance.exit() == .signal(9))
        let left = try await engine.inspectContainer(container)
        #expect(left.map { _ in "it is there" } == nil)
        await engine.close()
    }
}
