import LeverCore
import LeverRouter
import LeverTesting
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverRuntime

/// The driver of this process does what every driver does, as far as it runs no commands.
@Suite("In-process driver", .timeLimit(.minutes(1))) struct InProcessDriverTests {
    /// Answers with the version, the method `Hold` only when it is cancelled, if then.
    private struct Versioned: RPCHandler {
        let version: Int
        let hold: Holding

        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
            if context.url.method.rawValue == "Hold" { await hold.wait() }
            if context.url.method.rawValue == "Sleep" { try await Task.sleep(for: .seconds(3600)) }
            return .result(.number(Double(version)))
        }

        func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
    }

    private struct Failure: Error {}

    /// Runs the body with a driver, an instance of it, and a way to call that.
    private func with(
        _ body: (InProcessInstance, Holding, HTTP2Caller) async throws -> Void
    ) async throws {
        let hold = Holding()
        let driver = InProcessDriver { Versioned(version: $0.version, hold: hold) }
        try await DriverFixture.run(driver) { fixture in
            let instance = try #require(
                try await driver.start(fixture.specification([], version: 3)) as? InProcessInstance)
            #expect(driver.instances.map(\.id) == [instance.id])
            let caller = try await HTTP2Caller(try await instance.listening())
            let result: Result<Void, any Error>
            do { result = .success(try await body(instance, hold, caller)) } catch { result = .failure(error) }
            hold.release()
            await caller.close()
            try result.get()
        }
        #expect(driver.instances.isEmpty)
    }

    @Test func answersCallsUntilItIsTerminated() async throws {
        try await with { (instance, _, caller) async throws in
            #expect(try await caller.call("Version") == .result(3))
            async let first = instance.exit()
            async let second = instance.exit()
            instance.terminate(grace: .seconds(60))
            #expect(await first == .code(0))
            #expect(await second == .code(0))
            #expect(instance.hasEnded)
            let error = await #expect(throws: RuntimeError.self) { try await instance.listening() }
            #expect(error?.code == .driver && error?.message.contains("dev.lever/hello") == true)
            await #expect(throws: RPCError.self) { try await caller.call("Version") }
        }
    }

    @Test func callsInProgressHaveTheirTime() async throws {
        try await with { (instance, hold, caller) async throws in
            async let held = caller.call("Hold")
            #expect(try await eventually { hold.count == 1 })
            instance.terminate(grace: .seconds(60))
            hold.release()
            #expect(try await held == .result(3))
            #expect(await instance.exit() == .code(0))
        }
    }

    @Test func whatDoesNotEndIsEnded() async throws {
        for grace: Duration in [.milliseconds(50), .seconds(3600)] {
            try await with { (instance, hold, caller) async throws in
                let held = Task { try await caller.call("Hold") }
                #expect(try await eventually { hold.count == 1 })
                instance.terminate(grace: grace)
                if grace > .seconds(1) { instance.terminate(grace: .zero) }
                #expect(await instance.exit() == .signal(9))
                await #expect(throws: RPCError.self) { _ = try await held.value }
            }
        }
    }

    @Test func aCrashBreaksItsCalls() async throws {
        try await with { (instance, _, caller) async throws in
            let call = Task { try await caller.call("Sleep") }
            #expect(try await caller.call("Version") == .result(3))
            instance.crash(.code(70))
            #expect(await instance.exit() == .code(70))
            let error = await #expect(throws: RPCError.self) { _ = try await call.value }
            #expect(error?.code == .unavailable)
        }
    }

    @Test func aFrozenOneAnswersNothingUntilItThaws() async throws {
        try await with { (instance, _, caller) async throws in
            #expect(try await caller.call("Version") == .result(3))
            instance.freeze()
            await #expect(throws: RPCError.self) { try await caller.call("Version", within: .milliseconds(100)) }
            instance.thaw()
            #expect(try await caller.call("Version") == .result(3))
            // One that is frozen can be killed.
            instance.freeze()
            instance.terminate(grace: .zero)
            #expect(await instance.exit() == .signal(9))
        }
    }

    @Test func aHandlerThatCannotBeMadeFailsTheStart() async throws {
        let driver = InProcessDriver { _ in throw Failure() }
        try await DriverFixture.run(driver) { fixture in
            let error = await #expect(throws: RuntimeError.self) {
                _ = try await driver.start(fixture.specification([], version: 4))
            }
            #expect(error?.code == .driver && error?.message.contains("version 4 of dev.lever/hello") == true)
        }
        let late = await #expect(throws: RuntimeError.self) {
            _ = try await driver.start(
                InstanceSpecification(
                    id: InstanceID("late"),
                    service: ServiceID(environment: .default, service: try ServiceName("hello")), version: 1,
                    codeDirectory: "", manifest: Manifest(name: try ServiceName("hello"))))
        }
        #expect(late?.code == .driver)
    }

    @Test func waitingForAnAddressEndsWithTheTask() async throws {
        try await with { instance, _, _ in
            let task = Task {
                try? await Task.sleep(for: .seconds(3600))
                return try await instance.listening()
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    /// Under a host's supervisor its instances are replaced as any others.
    @Test func aCrashedInstanceIsReplaced() async throws {
        let hold = Holding()
        let driver = InProcessDriver { Versioned(version: $0.version, hold: hold) }
        try await driver.prepare()
        try await SupervisorHarness.with(container: driver) { harness in
            #expect(try await harness.deploy() == 1)
            #expect(try await harness.call() == 1)
            let first = try #require(driver.instances.first)
            first.crash()
            _ = await first.exit()
            try await harness.wait("another instance answers") { (try? await harness.call()) == 1 }
            #expect(driver.instances.first?.id != first.id)
        }
        await driver.shutdown()
    }
}

/// Calls one instance over a connection.
private final class HTTP2Caller: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let router: Router
    private let route: InstanceRoute

    init(_ address: InstanceAddress) async throws {
        router = try await Router(
            group: group, configuration: RouterConfiguration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        route = InstanceRoute(
            id: InstanceID("called"), service: ServiceID(environment: .default, service: try ServiceName("hello")),
            version: 1, address: TransportAddress(address.endpoint))
    }

    func call(_ method: String, within time: Duration = .seconds(30)) async throws -> RPCReply {
        var context = CallContext(url: try LeverURL("lever://dev.lever/hello/\(method)"))
        context.deadline = .now + time
        return try await router.call(route, context, .values([]))
    }

    func close() async {
        router.close()
        try? await group.shutdownGracefully()
    }
}
