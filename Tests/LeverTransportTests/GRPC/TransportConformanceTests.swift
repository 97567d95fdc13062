import LeverTesting
import Testing

/// Each way from a caller to a handler does what every transport does.
@Suite(.timeLimit(.minutes(5)))
struct TransportConformanceTests {
    @Test(arguments: TransportUnderTest.allCases, TransportConformance.checks)
    func way(_ way: TransportUnderTest, check: ConformanceCheck<TransportConformance.Way>) async throws {
        try await check.run(on: TransportConformance.Way { try await way.with($0, $1) })
    }
}
