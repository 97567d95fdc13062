import LeverCore
import LeverService
import Synchronization
import Testing

@Suite("What an instance tells a later host") struct AdoptionTests {
    private func call(
        _ handler: any RPCHandler, _ method: MethodName, _ argument: LeverValue, resource: String = "",
        term: UInt32? = 1, epoch: UInt64? = nil
    ) async throws -> RPCReply {
        var context = CallContext(
            url: LeverURL(
                environment: .default, service: try ServiceName("test"), resource: resource, method: method))
        context.hostTerm = term
        context.epoch = epoch
        return try await handler.call(context, .values(resource.isEmpty ? [argument] : []))
    }

    private func holdings(_ handler: any RPCHandler, term: UInt32) async throws -> InstanceHoldings {
        guard case .result(let value) = try await call(handler, .adopt, .number(Double(term))) else {
            throw RPCError(.badMessage, "no result")
        }
        return try InstanceHoldings(value)
    }

    private let old = Epoch(term: 1, counter: 7)

    @Test(arguments: [true, false])
    func itNamesWhatItHolds(keepsSomething: Bool) async throws {
        let handler = LeverService { if keepsSomething { OnNewResource { _ in } } }.handler()
        _ = try await call(handler, .newResource, "a/b", epoch: old.rawValue)
        _ = try await call(handler, .newResource, "gone", epoch: old.rawValue)
        _ = try await call(handler, .closeResource, "gone")
        let holdings = try await holdings(handler, term: 2)
        #expect(holdings.held == [.init(ResourceID("a/b"), old)])
        #expect(holdings.unsettled.isEmpty)
    }

    @Test func whatIsOnItsWayIsNamedApart() async throws {
        let journal = Journal()
        let door = Door()
        let handler = LeverService {
            OnNewResource { resource in
                journal.add("new \(resource.name)")
                if resource.name == "opening" { await door.pass() }
                if resource.name == "refused" { throw ServiceError("no") }
            }
            OnCloseResource { resource in
                journal.add("close \(resource.name)")
                await door.pass()
            }
        }.handler()
        _ = try await call(handler, .newResource, "refused", epoch: old.rawValue)
        _ = try await call(handler, .newResource, "closing", epoch: old.rawValue)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await call(handler, .newResource, "opening", epoch: old.rawValue) }
            group.addTask { _ = try await call(handler, .closeResource, "closing", epoch: old.rawValue) }
            try await journal.wait(for: "new opening")
            try await journal.wait(for: "close closing")
            let now = try await holdings(handler, term: 2)
            #expect(now.held.isEmpty)
            #expect(Set(now.unsettled) == [.init(ResourceID("opening"), old), .init(ResourceID("closing"), old)])
            door.open()
            try await group.waitForAll()
        }
        #expect(try await holdings(handler, term: 2).held == [.init(ResourceID("opening"), old)])
    }

    @Test func earlierHostsChangeNothingAnyMore() async throws {
        let handler = LeverService { OnNewResource { _ in } }.handler()
        _ = try await call(handler, .newResource, "kept", epoch: old.rawValue)
        _ = try await holdings(handler, term: 3)
        for term: UInt32? in [1, 2, nil] {
            for method: MethodName in [.newResource, .closeResource] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await call(handler, method, "kept", term: term, epoch: old.rawValue)
                }
                #expect(error?.code == .failedPrecondition, "\(String(describing: error))")
            }
        }
        let error = await #expect(throws: RPCError.self) { _ = try await holdings(handler, term: 2) }
        #expect(error?.code == .failedPrecondition)
        #expect(try await holdings(handler, term: 3).held == [.init(ResourceID("kept"), old)])
        _ = try await call(handler, .closeResource, "kept", term: 3)
        #expect(try await holdings(handler, term: 3).held.isEmpty)
    }

    @Test func callsOfAnActivationThatIsOverAreRefused() async throws {
        let handler = LeverService { Method("Hello") { "hello" } }.handler()
        let hello = try MethodName("Hello")
        _ = try await call(handler, .newResource, "r", epoch: old.rawValue)
        #expect(try await call(handler, hello, nil, resource: "r", epoch: old.rawValue) == .result("hello"))
        for epoch in [old.rawValue + 1, old.rawValue - 1] {
            let error = await #expect(throws: RPCError.self) {
                _ = try await call(handler, hello, nil, resource: "r", epoch: epoch)
            }
            #expect(error?.code == .unavailable)
        }
        _ = try await call(handler, .closeResource, "r")
        await #expect(throws: RPCError.self) {
            _ = try await call(handler, hello, nil, resource: "r", epoch: old.rawValue)
        }
        // Whoever calls it without a host names no epoch.
        #expect(try await call(handler, hello, nil, resource: "r") == .result("hello"))
    }

    @Test func malformedQuestionsAreRefused() async throws {
        let handler = LeverService {}.handler()
        for argument: LeverValue in ["1", -1, 0.5, nil, 1e10] {
            let error = await #expect(throws: RPCError.self) { _ = try await call(handler, .adopt, argument) }
            #expect(error?.code == .invalidArgument)
        }
    }
}
