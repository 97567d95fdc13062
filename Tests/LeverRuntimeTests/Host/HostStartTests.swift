import LeverCore
import LeverRouter
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverRuntime

@Suite("Start of a host") struct HostStartTests {
    @Test func theFirstFailureStays() async {
        let start = ServerStart()
        #expect(start.begin() && !start.begin())
        start.finish(.failure(RuntimeError(.bindFailed, "the address is taken")))
        start.finish(.failure(RuntimeError(.stopped, "the host has ended")))
        let error = await #expect(throws: RuntimeError.self) { try await start.value() }
        #expect(error?.code == .bindFailed)
        #expect(!start.isReady)
    }

    @Test func aHostIsReadyFromItsStartToTheBeginningOfItsEnd() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let router = try await Router(
            group: group, configuration: RouterConfiguration(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let start = ServerStart()
        #expect(!start.isReady)
        _ = start.begin()
        #expect(!start.isReady)
        start.finish(.success(ServerStart.Started(address: "somewhere", router: router)))
        #expect(start.isReady)
        start.end()
        #expect(!start.isReady)
        // The program around it still finds it, until it has ended.
        #expect(try await start.value().address == "somewhere")
        start.finish(.failure(RuntimeError(.stopped, "the host has ended")))
        let error = await #expect(throws: RuntimeError.self) { try await start.value() }
        #expect(error?.code == .stopped)
        router.close()
        try await group.shutdownGracefully()
    }
}
