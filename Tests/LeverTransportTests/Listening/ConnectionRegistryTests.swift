import LeverTesting
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(1)))
struct ConnectionRegistryTests {
    private final class Counts: Sendable {
        let drained = Atomic(0)
        let closed = Atomic(0)
    }

    /// Adds a connection that never goes away.
    private func add(_ channel: EmbeddedChannel, to registry: ConnectionRegistry) -> Counts {
        let counts = Counts()
        registry.set(
            channel,
            ConnectionRegistry.Entry(
                eventLoop: MultiThreadedLoops.next(), drain: { counts.drained.add(1, ordering: .relaxed) },
                close: { counts.closed.add(1, ordering: .relaxed) }))
        return counts
    }

    @Test func whoeverWaitsAfterTheWaitingIsOverReturns() async {
        let registry = ConnectionRegistry()
        let channel = EmbeddedChannel()
        _ = add(channel, to: registry)
        registry.stopWaiting()
        await registry.waitUntilEmpty()
        #expect(registry.count == 1)
    }

    @Test func whatConnectsAfterTheEndIsEndedToo() async throws {
        let registry = ConnectionRegistry()
        let channels = [EmbeddedChannel(), EmbeddedChannel()]
        registry.drain()
        let first = add(channels[0], to: registry)
        let isDrained = try await eventually { first.drained.load(ordering: .relaxed) == 1 }
        #expect(isDrained)
        #expect(first.closed.load(ordering: .relaxed) == 0)
        registry.close()
        let second = add(channels[1], to: registry)
        let areClosed = try await eventually {
            first.closed.load(ordering: .relaxed) == 1 && second.closed.load(ordering: .relaxed) == 1
        }
        #expect(areClosed)
    }
}
