import LeverCore
import LeverService
import Testing

@Suite struct ResourceTests {
    private func context(_ path: String) throws -> CallContext {
        CallContext(url: try LeverURL("lever://dev.lever/test/\(path)"))
    }

    @Test func hooksRunAndAnswer() async throws {
        let journal = Journal()
        let service = LeverService {
            OnNewResource { journal.add("new \($0.name)") }
            OnCloseResource { journal.add("close \($0.name)") }
        }
        let handler = service.handler()
        #expect(try await handler.call(context("NewResource"), .values(["a/b"])) == .result(nil))
        #expect(try await handler.call(context("CloseResource"), .values(["a/b"])) == .result(nil))
        #expect(journal.all == ["new a/b", "close a/b"])
    }

    @Test func withoutHooksTheyAnswerAllTheSame() async throws {
        let handler = LeverService {}.handler()
        #expect(try await handler.call(context("NewResource"), .values(["a"])) == .result(nil))
        #expect(try await handler.call(context("CloseResource"), .values(["a"])) == .result(nil))
    }

    @Test func malformedHookCallsAreRefused() async throws {
        let handler = LeverService {}.handler()
        for arguments: RPCArguments in [.values([]), .values([1]), .values([""]), .values(["a", "b"])] {
            for method in ["NewResource", "CloseResource"] {
                let error = await #expect(throws: RPCError.self) {
                    _ = try await handler.call(context(method), arguments)
                }
                #expect(error?.code == .invalidArgument)
            }
        }
        // With a resource in the address it is no call of the host's, but one of a method that there is not.
        let error = await #expect(throws: RPCError.self) {
            _ = try await handler.call(context("room/NewResource"), .values(["a"]))
        }
        #expect(error?.code == .unimplemented)
    }

    @Test func aHookThatFailsFailsTheActivation() async throws {
        let service = LeverService {
            OnNewResource { _ in throw ServiceError("no disk") }
        }
        #expect(try await service.handler().call(context("NewResource"), .values(["a"])) == .error("no disk"))
    }

    @Test func closingWaitsForTheHookThatTakesTheResource() async throws {
        let journal = Journal()
        let door = Door()
        let service = LeverService {
            OnNewResource { resource in
                journal.add("new \(resource.name)")
                await door.pass()
                journal.add("taken \(resource.name)")
            }
            OnCloseResource { journal.add("close \($0.name)") }
        }
        let handler = service.handler()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await handler.call(context("NewResource"), .values(["r"])) }
            try await journal.wait(for: "new r")
            group.addTask { _ = try await handler.call(context("CloseResource"), .values(["r"])) }
            // It is being closed once it takes no more calls.
            var refusal: RPCError?
            for _ in 0..<2_000 where refusal?.code != .unavailable {
                refusal = await #expect(throws: RPCError.self) {
                    _ = try await handler.call(context("r/Nothing"), .values([]))
                }
                await Task.yield()
            }
            #expect(refusal?.code == .unavailable)
            #expect(journal.all == ["new r"])
            door.open()
            try await group.waitForAll()
        }
        #expect(journal.all == ["new r", "taken r", "close r"])
    }

    @Test func resourcesThatOnlyLookAlikeAreTwo() async throws {
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        let journal = Journal()
        let door = Door()
        let service = LeverService {
            Method("Work") { (context: CallContext) in
                journal.add("begin")
                await door.pass()
            }
        }
        let handler = service.handler()
        async let work = handler.call(context("\(composed)/Work"), .values([]))
        try await journal.wait(for: "begin")
        // Nothing of the other one is in progress.
        #expect(try await handler.call(context("CloseResource"), .values([.string(decomposed)])) == .result(nil))
        door.open()
        _ = try await work
    }

    @Test func closingWaitsForEveryHandlerOfTheResource() async throws {
        let journal = Journal()
        let doors = ["a": Door(), "b": Door()]
        let service = LeverService {
            Method("Work") { (context: CallContext, door: String) in
                journal.add("begin \(context.url.resource) \(door)")
                await doors[door]?.pass()
                journal.add("end \(context.url.resource) \(door)")
            }
            OnCloseResource { journal.add("close \($0.name)") }
        }
        let handler = service.handler()
        _ = try await handler.call(context("NewResource"), .values(["r"]))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await handler.call(context("r/Work"), .values(["a"])) }
            group.addTask { _ = try await handler.call(context("r/Work"), .values(["b"])) }
            try await journal.wait(for: "begin r a")
            try await journal.wait(for: "begin r b")
            group.addTask {
                _ = try await handler.call(context("CloseResource"), .values(["r"]))
                journal.add("closed r")
            }
            // Once it is being closed, it takes no more calls.
            var refusal: RPCError?
            for _ in 0..<2_000 where refusal == nil {
                do {
                    _ = try await handler.call(context("r/Work"), .values(["none"]))
                } catch {
                    refusal = error as? RPCError
                }
                await Task.yield()
            }
            #expect(refusal?.code == .unavailable)
            let early = await #expect(throws: RPCError.self) {
                _ = try await handler.call(context("NewResource"), .values(["r"]))
            }
            #expect(early?.code == .unavailable)
            // Other resources are not concerned.
            _ = try await handler.call(context("other/Work"), .values(["none"]))
            doors["a"]?.open()
            try await journal.wait(for: "end r a")
            #expect(!journal.all.contains("close r"))
            doors["b"]?.open()
            try await group.waitForAll()
        }
        #expect(journal.all.suffix(3) == ["end r b", "close r", "closed r"])
        // Closed and given up, it may come back.
        _ = try await handler.call(context("NewResource"), .values(["r"]))
        _ = try await handler.call(context("r/Work"), .values(["none"]))
    }

    @Test func aCloseThatIsGivenUpLeavesTheResourceClosed() async throws {
        let door = Door()
        let journal = Journal()
        let service = LeverService {
            Method("Work") {
                journal.add("begin")
                await door.pass()
            }
        }
        let handler = service.handler()
        async let work = handler.call(context("r/Work"), .values([]))
        try await journal.wait(for: "begin")
        let closing = Task { try await handler.call(context("CloseResource"), .values(["r"])) }
        closing.cancel()
        let error = await #expect(throws: RPCError.self) { _ = try await closing.value }
        #expect(error?.code == .cancelled)
        let refusal = await #expect(throws: RPCError.self) {
            _ = try await handler.call(context("r/Work"), .values([]))
        }
        #expect(refusal?.code == .unavailable)
        door.open()
        _ = try await work
        // A second attempt finds nothing to wait for.
        #expect(try await handler.call(context("CloseResource"), .values(["r"])) == .result(nil))
    }
}
