import LeverRouter
import LeverTransport
import Testing

@Suite("The budget of bytes, through the router")
struct BudgetTests {
    /// Callers that do not read what instances send fill the host's buffers no further than the budget: some of their calls
    /// end, and once the others have gone, everything is given back.
    @Test("callers that do not read are cut off, and others are served afterwards")
    func slowReaders() async throws {
        let budget = BufferBudget(limit: 1 << 20)
        try await RouterHarness.run([.flood(1 << 20)], budget: budget) { harness, _, routes in
            let calls = (0..<30).map { _ in harness.call(readsData: false) }
            await poll { calls.contains { $0.current.status == 8 || $0.current.end == .resetByPeer(.enhanceYourCalm) } }
            let cut = calls.filter { $0.current.status == 8 || $0.current.end == .resetByPeer(.enhanceYourCalm) }
            #expect(!cut.isEmpty, "\(budget.usedBytes) bytes are held, and nobody was cut off")
            // What one turn of a loop brings in comes on top, and no more.
            #expect(budget.usedBytes <= 2 * budget.limit)
            for call in calls where call.current.end == nil { await call.withStream { $0.reset(.cancel) } }
            #expect(await poll { budget.usedBytes == 0 && routes[0].gate.inFlight == 0 }, "\(budget.usedBytes) bytes")
            let later = await harness.call().ended()
            #expect(later.status == 0 && later.data.count == 1 << 20)
        }
    }
}
