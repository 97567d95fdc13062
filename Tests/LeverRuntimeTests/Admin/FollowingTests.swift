import LeverCore
import Synchronization
import Testing

@testable import LeverRuntime

@Suite("Logs and events", .timeLimit(.minutes(1))) struct FollowingTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    /// The next message; `nil` at the end.
    private func next(_ channel: any RPCChannel) async throws -> LeverValue? {
        guard case .value(let value)? = try await channel.receive() else { return nil }
        return value
    }

    private func all(_ channel: any RPCChannel) async throws -> [LeverValue] {
        var values: [LeverValue] = []
        while let value = try await next(channel) { values.append(value) }
        return values
    }

    private func withLogs(
        kept: Bool = false,
        _ body: @Sendable (AdminHarness, _ first: OutputLog, _ second: OutputLog) async throws -> Void
    ) async throws {
        try await AdminHarness.with(keepsLogs: kept) { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let (first, second) = (OutputLog(capacity: 8), OutputLog(capacity: 8))
            admin.archive.keep(first, of: InstanceID("a"), hello)
            admin.archive.keep(second, of: InstanceID("b"), hello)
            try await body(admin, first, second)
        }
    }

    private func open(_ admin: AdminHarness, _ options: LeverValue = [:]) async throws -> any RPCChannel {
        try await admin.open("LogsChan", .values(["dev.lever", "hello", options]))
    }

    @Test func linesOfAllInstancesComeInTheOrderOfTheirTimes() async throws {
        try await withLogs { admin, first, second in
            first.append("one\n", at: 1)
            second.append("two\n", at: 2)
            first.append("three\nfour\n", at: 3)
            let lines = try await all(try await open(admin))
            #expect(lines.map { $0["line"] } == ["one", "two", "three", "four"])
            #expect(lines.map { $0["instance"] } == ["a", "b", "a", "a"])
            #expect(lines.map { $0["time"] } == [1, 2, 3, 3])
            #expect(try await all(try await open(admin, ["lines": 1])).map { $0["line"] } == ["four"])
            #expect(try await all(try await open(admin, ["since": 2])).count == 3)
            #expect(try await all(try await open(admin, ["instance": "b"])).map { $0["line"] } == ["two"])
            #expect(try await all(try await open(admin, ["lines": 0])).isEmpty)
        }
    }

    @Test func followersGetWhatComesFromInstancesThatComeToo() async throws {
        try await withLogs { admin, first, second in
            first.append("before\n", at: 1)
            let channel = try await open(admin, ["follow": true])
            #expect(try await next(channel)?["line"] == "before")
            second.append("after\n", at: 2)
            #expect(try await next(channel)?["line"] == "after")
            let third = OutputLog()
            third.append("new\n", at: 3)
            admin.archive.keep(third, of: InstanceID("c"), hello)
            #expect(try await next(channel) == ["instance": "c", "time": 3, "line": "new"])
            // Its last words come although nobody remembers it any more.
            third.append("last words", at: 4)
            third.end()
            try await admin.archive.forget(hello)
            #expect(try await next(channel)?["line"] == "last words")
            // The host's end is the end.
            admin.control.events.end()
            #expect(try await next(channel) == nil)
        }
    }

    @Test func followersEndWithTheService() async throws {
        try await withLogs { admin, first, _ in
            let channel = try await open(admin, ["follow": true])
            first.append("one\n", at: 1)
            #expect(try await next(channel)?["line"] == "one")
            admin.control.state.withLock { $0.standings = [:] }
            #expect(try await next(channel) == nil)
        }
    }

    @Test func aFloodNeverWaitsForASlowReader() async throws {
        try await withLogs { admin, first, _ in
            let channel = try await open(admin, ["follow": true])
            // Nobody reads meanwhile; the writer is done all the same.
            let count = 100_000
            let text = String(repeating: "x", count: 100) + "\n"
            for number in 0..<count {
                first.append("\(number) \(text)", at: 1)
                if number % 1_000 == 0 { await Task.yield() }
            }
            admin.control.events.end()
            var lines = 0
            var dropped = 0
            var last: String?
            while let message = try await next(channel) {
                if let missing = message["dropped"]?.intValue {
                    dropped += missing
                } else {
                    lines += 1
                    last = message["line"]?.stringValue
                }
            }
            #expect(dropped > 0)
            #expect(lines + dropped == count, "\(lines) lines and \(dropped) dropped ones")
            #expect(last?.hasPrefix("\(count - 1) ") == true)
        }
    }

    @Test func wrongOptionsOfChannelsAreNamed() async throws {
        try await withLogs { admin, _, _ in
            let bad: [LeverValue] = [["lines": -1], ["follow": "yes"], ["since": "1h"], ["folow": true], "all"]
            for options in bad {
                let logs = await #expect(throws: RPCError.self) { _ = try await open(admin, options) }
                #expect(logs?.reason == .badMessage)
                let events = await #expect(throws: RPCError.self) {
                    _ = try await admin.open("EventsChan", .values([options]))
                }
                #expect(events?.reason == .badMessage)
            }
            let instance = await #expect(throws: RPCError.self) { _ = try await open(admin, ["instance": "z"]) }
            #expect(instance?.reason == .noResource)
            let service = await #expect(throws: RPCError.self) {
                _ = try await admin.open("LogsChan", .values(["dev.lever", "other"]))
            }
            #expect(service?.reason == .noService)
            let filter = await #expect(throws: RPCError.self) {
                _ = try await admin.open("EventsChan", .values([["service": "hello"]]))
            }
            #expect(filter?.reason == .badMessage)
        }
    }

    // MARK: Lines in files

    @Test func thePastComesFromFilesWhereTheMemoryDoesNotReachBack() async throws {
        try await withLogs(kept: true) { admin, first, second in
            for number in 1...50 { first.append("\(number)\n", at: Double(number)) }
            second.append("other\n", at: 48.5)
            let all = try await all(try await open(admin))
            #expect(all.map { $0["line"] } == (1...48).map { "\($0)" } + ["other", "49", "50"])
            #expect(try await self.all(try await open(admin, ["lines": 12])).first?["line"] == "40")
            #expect(try await self.all(try await open(admin, ["since": 30])).first?["line"] == "30")
            #expect(try await self.all(try await open(admin, ["instance": "a"])).count == 50)
            // Of one that nobody remembers any more.
            first.end()
            for name in ["c", "d", "e", "f"] {
                let log = OutputLog()
                admin.archive.keep(log, of: InstanceID(name), hello)
                log.end()
            }
            #expect(!admin.archive.outputs(of: hello).contains { $0.instance == InstanceID("a") })
            let old = try await self.all(try await open(admin, ["instance": "a", "since": 49]))
            #expect(old.map { $0["line"] } == ["49", "50"])
            #expect(try await self.all(try await open(admin, ["instance": "a", "since": 51])).isEmpty)
            let unknown = await #expect(throws: RPCError.self) { _ = try await open(admin, ["instance": "z"]) }
            #expect(unknown?.reason == .noResource)
        }
    }

    @Test func aSlowFollowerReadsWhatItMissedFromFiles() async throws {
        try await withLogs(kept: true) { admin, first, _ in
            let channel = try await open(admin, ["follow": true, "lines": 0])
            // Nobody reads meanwhile, and all of it comes all the same: it has room while it waits for its file.
            let count = 3_000
            for number in 1...count { first.append("\(number)\n", at: 1) }
            var lines: [String] = []
            while lines.count < count, let message = try await next(channel) {
                #expect(message["dropped"] == nil, "\(message)")
                lines.append(message["line"]?.stringValue ?? "")
            }
            #expect(lines == (1...count).map { "\($0)" })
            channel.cancel()
        }
    }

    @Test func allServicesOfAnEnvironmentAreFollowedTogether() async throws {
        try await withLogs(kept: true) { admin, first, _ in
            try await admin.deploy("1", name: "other")
            let shop = try EnvironmentName("shop.lever")
            try await admin.deploy("1", name: "other", to: shop)
            let other = ServiceID(environment: .default, service: try ServiceName("other"))
            first.append("one\n", at: 1)
            let (second, foreign) = (OutputLog(), OutputLog())
            admin.archive.keep(second, of: InstanceID("o"), other)
            admin.archive.keep(foreign, of: InstanceID("s"), ServiceID(environment: shop, service: other.service))
            foreign.append("not here\n", at: 1)
            second.append("two\n", at: 2)
            let channel = try await admin.open("LogsChan", .values(["dev.lever", .null, ["follow": true]]))
            #expect(try await next(channel) == ["instance": "a", "service": "hello", "time": 1, "line": "one"])
            #expect(try await next(channel) == ["instance": "o", "service": "other", "time": 2, "line": "two"])
            second.append("three\n", at: 3)
            #expect(try await next(channel)?["line"] == "three")
            let only = try await admin.open("LogsChan", .values(["dev.lever", .null, ["instance": "o"]]))
            #expect(try await all(only).map { $0["line"] } == ["two", "three"])
            let nowhere = await #expect(throws: RPCError.self) {
                _ = try await admin.open("LogsChan", .values(["no.lever"]))
            }
            #expect(nowhere?.reason == .noEnvironment)
            // The environment's end is the end.
            admin.control.events.append(.environmentRemoved, .default, "an administrator removed it")
            #expect(try await next(channel) == nil)
        }
    }

    // MARK: Events

    @Test func eventsAreFilteredCountedAndFollowed() async throws {
        try await AdminHarness.with { admin throws in
            let log = admin.control.events
            let other = ServiceID(environment: try EnvironmentName("shop.lever"), service: hello.service)
            log.append(.instanceStarted, hello, instance: InstanceID("a"), "a call waits")
            log.append(.scaled, other, "load 12 of 10")
            log.append(.environmentAdded, .default, "made")
            func numbers(_ options: LeverValue) async throws -> [LeverValue?] {
                try await all(try await admin.open("EventsChan", .values([options]))).map { $0["number"] }
            }
            #expect(try await numbers([:]) == [1, 2, 3])
            #expect(try await numbers(["environment": "dev.lever"]) == [1, 3])
            #expect(try await numbers(["environment": "dev.lever", "service": "hello"]) == [1])
            #expect(try await numbers(["lines": 2]) == [2, 3])
            #expect(try await numbers(["after": 2]) == [3])
            #expect(try await numbers(["after": 99]) == [])
            let first = try await next(try await admin.open("EventsChan", .values([])))
            #expect(first?["kind"] == "instance-started" && first?["instance"] == "a" && first?["service"] == "hello")
            #expect(first?["message"] == "a call waits" && first?["environment"] == "dev.lever")

            let channel = try await admin.open("EventsChan", .values([["lines": 0, "follow": true]]))
            log.append(.scaled, hello, "more")
            #expect(try await next(channel)?["message"] == "more")
            log.end()
            #expect(try await next(channel) == nil)
        }
    }

    @Test func whoeverReadOnIsToldWhatItMissed() async throws {
        try await AdminHarness.with { admin throws in
            for number in 1...1_500 { admin.control.events.append(.scaled, hello, "\(number)") }
            let channel = try await admin.open("EventsChan", .values([["after": 100]]))
            #expect(try await next(channel) == ["dropped": 400])
            #expect(try await next(channel)?["number"] == 501)
            channel.cancel()
        }
    }
}
