import LeverCore
import LeverTesting
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(2)))
struct TransportChannelTests {
    @Test(arguments: TransportUnderTest.allCases)
    func deadlineEndsAChannel(_ way: TransportUnderTest) async throws {
        try await way.with { transport, handler in
            // On a busy machine a short deadline may pass before the channel is open.
            for timeout in [Duration.milliseconds(200), .seconds(2), .seconds(20)] {
                guard let channel = try? await transport.open(context("IdleChan", timeout: timeout), .values([])),
                    (try? await channel.receive()) == .value("open")
                else { continue }
                let late = await error { try await channel.receive() }
                #expect(late?.code == .deadlineExceeded)
                break
            }
            let isOver = try await eventually { handler.count("idle over") == handler.count("idle began") }
            #expect(isOver)
            #expect(handler.count("idle began") > 0)
        }
    }
}
