import LeverCore
import LeverRuntime
import LeverTesting
import Testing

/// The process driver does what every driver does.
@Suite struct ProcessDriverConformanceTests {
    @Test(arguments: DriverConformance.checks)
    func process(check: ConformanceCheck<any ContainerDriver>) async throws {
        try await check.run(on: ProcessDriver(configuration: .defaults))
    }
}
