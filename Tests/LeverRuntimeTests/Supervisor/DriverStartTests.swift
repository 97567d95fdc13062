import LeverCore
import Synchronization
import Testing

@testable import LeverRuntime

/// Starts that are given up.
@Suite("A driver's start", .timeLimit(.minutes(1))) struct DriverStartTests {
    /// A driver that does not come back from its starts until it is told to, or its task is cancelled.
    private final class HangingDriver: ContainerDriver {
        let name = "hanging"
        let hold = Holding()
        private let heedsCancellation: Bool
        private let state = Mutex((starts: 0, cancelled: 0))

        init(heedsCancellation: Bool) {
            self.heedsCancellation = heedsCancellation
        }

        var starts: Int { state.withLock { $0.starts } }
        var cancelled: Int { state.withLock { $0.cancelled } }

        func prepare() async throws {}
        func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }

        func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
            state.withLock { $0.starts += 1 }
            if heedsCancellation {
                do {
                    try await Task.sleep(for: .seconds(3600))
                } catch {
                    state.withLock { $0.cancelled += 1 }
                    throw error
                }
            }
            await hold.wait()
            return LateInstance(specification.id)
        }

        func shutdown() async {}
    }

    /// An instance that notes how it was ended.
    private final class LateInstance: DriverInstance {
        static let ended = Mutex<[InstanceID: Duration]>([:])
        let id: InstanceID
        let output = OutputLog()

        init(_ id: InstanceID) { self.id = id }

        func listening() async throws -> InstanceAddress { throw CancellationError() }
        func exit() async -> InstanceExit { .code(0) }
        func terminate(grace: Duration) { Self.ended.withLock { $0[id] = grace } }
    }

    private func specification(_ id: String = "late-\(UInt64.random(in: 0 ... .max))") throws -> InstanceSpecification {
        let name = try ServiceName("hello")
        return InstanceSpecification(
            id: InstanceID(id), service: ServiceID(environment: .default, service: name), version: 1,
            codeDirectory: "/nowhere", manifest: Manifest(name: name))
    }

    @Test func isCancelled() async throws {
        let driver = HangingDriver(heedsCancellation: true)
        let start = DriverStart(try specification(), driver, patience: .seconds(3600))
        let result = Task { try await start.run() }
        try await eventually("the driver is asked") { driver.starts == 1 }
        start.cancel()
        await #expect(throws: CancellationError.self) { _ = try await result.value }
        #expect(driver.cancelled == 1)
    }

    @Test func isNotBegunWhereItWasGivenUpBefore() async throws {
        let driver = HangingDriver(heedsCancellation: true)
        let start = DriverStart(try specification(), driver, patience: .seconds(3600))
        start.cancel()
        await #expect(throws: CancellationError.self) { _ = try await start.run() }
        #expect(driver.starts == 0)
    }

    @Test func isNotWaitedForForEver() async throws {
        let driver = HangingDriver(heedsCancellation: false)
        let specification = try specification()
        let start = DriverStart(specification, driver, patience: .milliseconds(10))
        let result = Task { try await start.run() }
        try await eventually("the driver is asked") { driver.starts == 1 }
        start.cancel()
        let error = await #expect(throws: RuntimeError.self) { _ = try await result.value }
        #expect(error?.code == .driver && error?.message.contains("hanging") == true)
        // What comes too late is killed.
        driver.hold.release()
        try await eventually("the late instance is killed") {
            LateInstance.ended.withLock { $0[specification.id] } == .zero
        }
    }

    /// A service whose driver hangs can be ended, and the end does not take longer than it may.
    @Test(arguments: [true, false]) func doesNotHoldTheEndOfAService(heedsCancellation: Bool) async throws {
        let driver = HangingDriver(heedsCancellation: heedsCancellation)
        try await SupervisorHarness.with(container: driver) { bounds in
            bounds.startCancellation = .milliseconds(10)
        } _: { (harness) async throws in
            let deployed = Task { try await harness.deploy() }
            try await eventually("the driver is asked") { driver.starts == 1 }
            try await harness.supervisor.remove(SupervisorHarness.service)
            await #expect(throws: RPCError.self) { _ = try await deployed.value }
        }
        driver.hold.release()
    }

    private func eventually(_ what: Comment, until condition: () -> Bool) async throws {
        for _ in 0..<2_000 {
            if condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("never came: \(what)")
    }
}
