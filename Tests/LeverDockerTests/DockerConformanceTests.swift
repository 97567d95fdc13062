import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// The docker driver does what every driver does.
@Suite("Containers conform", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct DockerConformanceTests {
    @Test(arguments: DriverConformance.checks)
    func docker(check: ConformanceCheck<any ContainerDriver>) async throws {
        let engine = try #require(DockerTestEngine.current)
        try await check.run(on: DockerDriver(configuration: DockerFixture.configuration(engine)))
    }
}
