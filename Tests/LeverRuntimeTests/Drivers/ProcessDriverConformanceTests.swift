import Testing

/// The process driver does what every driver does.
@Suite struct ProcessDriverConformanceTests {
    @Test func exitCodeAndOutput() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.exitCodeAndOutput($0) }
    }

    @Test func signal() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.signal($0) }
    }

    @Test func workingDirectoryAndInput() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.workingDirectoryAndInput($0) }
    }

    @Test func endBeforeListening() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.endBeforeListening($0) }
    }

    @Test func cancellation() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.cancellation($0) }
    }

    @Test func terminate() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.terminate($0) }
    }

    @Test func gracefulEnd() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.gracefulEnd($0) }
    }

    @Test func stubborn() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.stubborn($0) }
    }

    @Test func badEntries() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.badEntries($0) }
    }

    @Test func flood() async throws {
        try await DriverFixture.runProcess { try await DriverConformance.flood($0) }
    }
}
