import LeverCore
import Logging
import Synchronization
import Testing

@testable import LeverRuntime

@Suite("What instances write is kept", .timeLimit(.minutes(2))) struct InstanceLogsTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    /// What the host's log says.
    private final class Heard: LogHandler, Sendable {
        private let messages = Mutex<[String]>([])
        var all: [String] { messages.withLock { $0 } }

        func log(event: LogEvent) { messages.withLock { $0.append("\(event.message)") } }

        subscript(metadataKey _: String) -> Logger.Metadata.Value? {
            get { nil }
            set {}
        }
        var metadata: Logger.Metadata {
            get { [:] }
            set {}
        }
        var logLevel: Logger.Level {
            get { .trace }
            set {}
        }
    }

    /// Runs a test with logs that are written; they are whole when it has returned.
    private func withLogs(
        _ data: DataDirectory, waiting: Int = 1 << 20, retryPause: Duration = .milliseconds(20),
        _ body: @Sendable (InstanceLogs, Heard) async throws -> Void
    ) async throws {
        var bounds = LeverHost.Configuration.Logs()
        bounds.waitingBytesPerInstance = waiting
        let heard = Heard()
        let logs = try await InstanceLogs(
            data, services: [hello], bounds: bounds, retryPause: retryPause,
            logger: Logger(label: "test") { _ in heard })
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { await logs.run() }
            defer { logs.end() }
            try await body(logs, heard)
        }
    }

    private func withData(_ body: @Sendable (DataDirectory) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let data = try DataDirectory("\(directory)/data")
            defer { data.close() }
            try await body(data)
        }
    }

    private func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
        for _ in 0..<2_000 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("never came: \(what)")
    }

    private func attach(_ log: OutputLog, _ name: String, _ logs: InstanceLogs) {
        log.attach(logs.sink(of: InstanceID(name), hello))
    }

    /// The numbers of the lines in files, read as the next run does.
    private func numbers(_ data: DataDirectory, _ instance: String) throws -> [Int] {
        try LogFiles(data, services: [hello], bytesPerService: 1 << 30, bytes: 1 << 30).read(
            hello, instance: InstanceID(instance), since: 0, limit: .max
        ).map(\.number)
    }

    @Test func allLinesOfABurstAreKeptThoughTheMemoryIsSmall() async throws {
        try await withData { data in
            try await withLogs(data) { logs, _ in
                let log = OutputLog(capacity: 3)
                log.append("one\ntwo\n", at: 1)
                attach(log, "a", logs)
                for number in 3...2_000 { log.append("\(number)\n", at: 2) }
                log.append("no end", at: 3)
                log.end()
                // At once, wherever the lines are.
                let kept = try await logs.kept(hello, limit: .max)
                #expect(Set(kept.map(\.number)) == Set(1...2_001))
                #expect(kept.last?.text == "no end")
            }
            #expect(try numbers(data, "a") == Array(1...2_001))
        }
    }

    @Test func aFloodNeitherWaitsNorGrows() async throws {
        try await withData { data in
            let count = 200_000
            try await withLogs(data, waiting: 16 << 10) { logs, _ in
                let (flood, other) = (OutputLog(capacity: 3), OutputLog(capacity: 3))
                attach(flood, "flood", logs)
                attach(other, "other", logs)
                // Nothing here can wait: it is not asynchronous.
                for number in 1...count {
                    flood.append("line \(number)\n", at: 1)
                    if number % 20_000 == 0 { other.append("other\n", at: 1) }
                }
                #expect(logs.queue.waitingBytes <= 17 << 10)
            }
            let numbers = try numbers(data, "flood")
            // The newest are there, in order, whatever was dropped.
            #expect(numbers.last == count && numbers == numbers.sorted())
            #expect(Set(numbers).count == numbers.count)
            // One that writes little loses nothing.
            #expect(try self.numbers(data, "other") == Array(1...10))
        }
    }

    @Test func whatCannotBeWrittenIsSaidOnceAndWrittenLater() async throws {
        try await withData { data in
            let path = data.logs(of: hello)
            try await withLogs(data) { logs, heard in
                try TestFiles.shell("mkdir -p '\(data.logs)/dev.lever' && touch '\(path)'", in: "/")
                let log = OutputLog()
                attach(log, "a", logs)
                log.append("one\n", at: 1)
                try await eventually("it says so") { !heard.all.isEmpty }
                log.append("two\n", at: 2)
                #expect(try await logs.kept(hello, limit: .max).map(\.text) == ["one", "two"])
                try TestFiles.shell("rm '\(path)'", in: "/")
                try await eventually("it is written") { logs.queue.count == 0 }
                log.append("three\n", at: 3)
                try await eventually("it says so") { heard.all.count == 2 }
                #expect(heard.all[0].contains("cannot be kept") && heard.all[1].contains("kept again"))
            }
            #expect(try numbers(data, "a") == [1, 2, 3])
        }
    }

    @Test func aDiskThatStaysBrokenHoldsNobodyUp() async throws {
        try await withData { data in
            let path = data.logs(of: hello)
            try await withLogs(data, waiting: 16 << 10, retryPause: .seconds(3600)) { logs, heard in
                try TestFiles.shell("mkdir -p '\(data.logs)/dev.lever' && touch '\(path)'", in: "/")
                let log = OutputLog(capacity: 3)
                attach(log, "a", logs)
                for number in 1...50_000 { log.append("line \(number)\n", at: 1) }
                try await eventually("it says so") { !heard.all.isEmpty }
                #expect(logs.queue.waitingBytes <= 17 << 10)
                // The end does not wait for the next attempt.
            }
            #expect(!TestFiles.exists("\(path)/1.log"))
        }
    }

    @Test func aRemovedServiceStaysRemovedThoughItsInstancesSpeak() async throws {
        try await withData { data in
            try await withLogs(data) { logs, _ in
                let archive = OutputArchive(IdleDriver(), logs: logs)
                let log = OutputLog()
                archive.keep(log, of: InstanceID("a"), hello)
                for number in 0..<500 {
                    log.append("line \(number)\n", at: 1)
                    if number % 100 == 0 { await Task.yield() }
                }
                try await archive.forget(hello)
                log.append("last words\n", at: 2)
                log.end()
                #expect(try await logs.kept(hello, limit: .max).isEmpty)
                // Another one of the name is kept.
                let next = OutputLog()
                archive.keep(next, of: InstanceID("b"), hello)
                next.append("new\n", at: 3)
            }
            #expect(try numbers(data, "a") == [])
            #expect(try numbers(data, "b") == [1])
        }
    }

    /// Starts nothing.
    private struct IdleDriver: ContainerDriver {
        let name = "idle"
        func prepare() async throws {}
        func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }
        func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
            throw RuntimeError(.driver, "nothing is started here")
        }
        func shutdown() async {}
    }

    #if os(Linux)
    @Test(.enabled(if: SmallDisk.isPossible)) func aFullDiskLosesOnlyTheOldest() async throws {
        try await SmallDisk.with(bytes: 64 << 10) { path in
            let data = try DataDirectory("\(path)/data")
            defer { data.close() }
            try await withLogs(data, waiting: 64 << 10) { logs, heard in
                let log = OutputLog(capacity: 3)
                attach(log, "a", logs)
                // What fills the disk.
                try TestFiles.write([UInt8](repeating: 0, count: 60 << 10), to: "\(path)/big")
                for number in 1...20_000 { log.append("line \(number)\n", at: 1) }
                try await eventually("it says so") { !heard.all.isEmpty }
                try TestFiles.shell("rm big", in: path)
                try await eventually("the rest is written") { logs.queue.count == 0 }
                log.append("last\n", at: 2)
                let entries = LogHistory.entries(
                    of: InstanceID("a"), 1...20_001, in: try await logs.kept(hello, limit: .max))
                guard case .line("last") = entries.last?.content else {
                    Issue.record("the last line is missing")
                    return
                }
                var lines = 0
                var missing = 0
                for entry in entries {
                    switch entry.content {
                    case .line: lines += 1
                    case .missing(let count): missing += count
                    }
                }
                #expect(lines + missing == 20_001 && missing > 0)
            }
        }
    }
    #endif
}
