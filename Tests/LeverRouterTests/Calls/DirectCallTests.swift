import LeverCore
import LeverRouter
import LeverTransport
import Testing

@Suite("Calls straight to an instance")
struct DirectCallTests {
    /// What became of `NewResource` at an instance that behaves so.
    ///
    /// Only what never answers has a deadline that is over soon: a busy machine takes its time.
    private func failure(_ behaviour: TestInstance.Behaviour, stopped: Bool = false) async throws -> RPCError? {
        let deadline: Duration = if case .silent = behaviour { .seconds(2) } else { .seconds(30) }
        var failure: RPCError?
        try await RouterHarness.run([behaviour]) { harness, instances, routes in
            if stopped { try await instances[0].stop() }
            routes[0].gate.close {}
            let context = CallContext(
                url: LeverURL(
                    environment: .default, service: RouterHarness.service.service, method: .newResource),
                deadline: .now + deadline)
            do {
                _ = try await harness.router.call(routes[0], context, .values([.string("room")]))
            } catch let error as RPCError {
                failure = error
            }
            #expect(routes[0].gate.inFlight == 0)
            #expect(stopped || instances[0].seen.first?.headers["lever-url"]?.hasSuffix("//NewResource") == true)
        }
        return failure
    }

    @Test("tell an answer from one that is missing, and from a call that never arrived")
    func outcomes() async throws {
        let answered = try #require(try await failure(.status(12, "no such method")))
        #expect(answered.code == .unimplemented)
        #expect(answered.cause == nil)
        #expect(try await failure(.die)?.cause is CallUnanswered)
        #expect(try await failure(.silent)?.cause is CallUnanswered)
        #expect(try await failure(.reset(.internalError))?.cause is CallUnanswered)
        #expect(try await failure(.refuse)?.cause is CallNotBegun)
        #expect(try await failure(.echo, stopped: true)?.cause is CallNotBegun)
    }
}
