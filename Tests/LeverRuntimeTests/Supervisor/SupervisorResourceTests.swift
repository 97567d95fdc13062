import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverRuntime

/// What the supervisor does about resources, with real servers as instances.
@Suite("Resources under a supervisor", .timeLimit(.minutes(1))) struct SupervisorResourceTests {
    private func standing(_ harness: SupervisorHarness, _ resource: String) async throws -> ActivationMachine.Phase? {
        try await harness.supervisor.resource(ResourceID(resource), of: SupervisorHarness.service)?.phase
    }

    @Test func aCloseResourceThatCouldNotBeSentIsSentAgain() async throws {
        try await SupervisorHarness.with { bounds in
            bounds.resources.resourceIdleTimeout = .milliseconds(200)
        } _: { (harness) async throws in
            _ = try await harness.deploy()
            #expect(try await harness.call("room/Version") == 1)
            let instance = try #require(harness.driver.started.first)
            await instance.interrupt()
            try await harness.wait("it is being closed") { try await standing(harness, "room") == .closing }
            #expect(instance.hooks == ["new room"])
            try await instance.resume()
            try await harness.wait("it is closed") { try await standing(harness, "room") == nil }
            #expect(instance.hooks == ["new room", "close room"])
            // It is no reason to end the instance.
            #expect(instance.terminations.isEmpty && harness.driver.started.count == 1)
        }
    }

    /// One look finds all of them, and each that is gone makes room for another: looks alone would take forty times as long as
    /// the test waits for.
    @Test func idleResourcesCloseAsOthersAreGone() async throws {
        try await SupervisorHarness.with { bounds in
            bounds.resources.resourceIdleTimeout = .milliseconds(50)
            bounds.resources.handOversAtOnce = 1
            bounds.scalingInterval = .seconds(1)
        } _: { (harness) async throws in
            _ = try await harness.deploy()
            for room in 0..<40 { #expect(try await harness.call("room-\(room)/Version") == 1) }
            try await harness.wait("all are closed") {
                await harness.supervisor.standing(of: SupervisorHarness.service)?.resources == 0
            }
            let hooks = try #require(harness.driver.started.first).hooks
            #expect(hooks.count { $0.hasPrefix("new") } == hooks.count { $0.hasPrefix("close") }, "\(hooks)")
        }
    }

    @Test func aFirstDeploymentThatFailsLeavesNothing() async throws {
        try await SupervisorHarness.with { (harness) async throws in
            harness.driver[1].startError = RuntimeError(.driver, "no such program")
            await #expect(throws: RPCError.self) { _ = try await harness.deploy() }
            #expect(await harness.supervisor.standings().isEmpty)
            #expect(try await harness.deploy() == 2)
            #expect(try await harness.call() == 2)
            // A later one that fails leaves what was live.
            harness.driver[3].exitsAtOnce = true
            await #expect(throws: RPCError.self) { _ = try await harness.deploy() }
            #expect(try await harness.call() == 2)
        }
    }

    // MARK: Hooks

    /// Answers everything with one status.
    private struct Status: RPCHandler {
        let error: RPCError

        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply { throw error }
        func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
    }

    private func answer(_ code: RPCError.Code, _ message: String = "so it is") async throws -> ResourceHook.Answer {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: Status(error: RPCError(code: code, message: message)),
            group: group, logger: logger)
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let router = try await Router(group: threads, configuration: RouterConfiguration(), logger: logger)
        let route = InstanceRoute(
            id: InstanceID("hello-1"), service: SupervisorHarness.service, version: 1, address: server.localAddress)
        let answer = await ResourceHook.closeResource.send(
            ResourceID("room"), Epoch(term: 1, counter: 1), term: 1, to: route, of: SupervisorHarness.service,
            within: .seconds(30), over: router)
        router.close()
        try await threads.shutdownGracefully()
        await server.drain(within: .zero)
        return answer
    }

    @Test(arguments: [4, 1, 14, 8]) func aStatusThatSaysNothingOfTheHandlersIsNoAnswer(code: Int) async throws {
        guard case .unanswered(let how) = try await answer(try #require(RPCError.Code(rawValue: code))) else {
            Issue.record("status \(code) counts as an answer")
            return
        }
        #expect(how == "so it is")
    }

    @Test func otherStatusesAreAnswers() async throws {
        guard case .failed(let error) = try await answer(.failedPrecondition) else {
            Issue.record("a failure is no answer")
            return
        }
        #expect(error.code == .failedPrecondition)
        for (code, text) in [(RPCError.Code.unimplemented, "?"), (.unknown, "Method not found: CloseResource")] {
            guard case .done = try await answer(code, text) else {
                Issue.record("\(code) does not say that there is no such hook")
                return
            }
        }
    }
}
