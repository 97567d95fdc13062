import LeverCore
import Testing

@Suite struct CallDeadlineTests {
    @Test func theEarliestDeadlineCounts() async throws {
        #expect(CallDeadline.current == nil)
        let early = ContinuousClock.now + .seconds(10)
        let late = early + .seconds(10)
        await withCallDeadline(late) {
            #expect(CallDeadline.current == late)
            await withCallDeadline(early) {
                #expect(CallDeadline.current == early)
                await withCallDeadline(late) { #expect(CallDeadline.current == early) }
            }
            #expect(CallDeadline.current == late)
        }
        #expect(CallDeadline.current == nil)
    }

    @Test func childTasksInherit() async throws {
        let before = ContinuousClock.now
        let deadline = await withCallTimeout(.seconds(60)) {
            async let child = CallDeadline.current
            return await child
        }
        let given = try #require(deadline)
        #expect(given >= before + .seconds(60) && given <= .now + .seconds(60))
    }

    @MainActor @Test func theOperationStaysOnItsActor() async throws {
        var count = 0
        await withCallTimeout(.seconds(1)) {
            MainActor.assertIsolated()
            count += 1
        }
        #expect(count == 1)
    }

    @Test func whatTheOperationThrowsPasses() async {
        await #expect(throws: RPCError(.conflict, "no")) {
            try await withCallTimeout(.seconds(1)) { throw RPCError(.conflict, "no") }
        }
    }
}
