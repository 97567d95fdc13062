import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Files of lines") struct LogFilesTests {
    private func id(_ name: String) -> ServiceID {
        ServiceID(environment: .default, service: try! ServiceName(name))  // Good literals.
    }

    private func records(_ range: ClosedRange<Int>, _ instance: String = "a", time: Double = 1) -> [LogRecord] {
        range.map { number in
            LogRecord(
                instance: InstanceID(instance), number: number, time: time, bytes: Array("line \(number)".utf8)[...])
        }
    }

    private func withData(_ body: (DataDirectory) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let data = try DataDirectory("\(directory)/data")
            defer { data.close() }
            try body(data)
        }
    }

    private func files(
        _ data: DataDirectory, _ services: String..., perService: Int = 1 << 20, bytes: Int = 1 << 30
    ) throws -> LogFiles {
        try LogFiles(data, services: services.map(id), bytesPerService: perService, bytes: bytes)
    }

    private func numbers(
        _ files: LogFiles, _ name: String = "hello", instance: String? = nil, since: Double = 0, limit: Int = .max
    ) -> [Int] {
        files.read(id(name), instance: instance.map { InstanceID($0) }, since: since, limit: limit).map(\.number)
    }

    /// The sizes of all files of a service.
    private func size(_ data: DataDirectory, _ name: String) throws -> Int {
        try TestFiles.names(data.logs(of: id(name))).reduce(0) {
            try $0 + TestFiles.read("\(data.logs(of: id(name)))/\($1)").count
        }
    }

    @Test func whatIsWrittenIsFoundAgain() async throws {
        try await withData { data in
            let files = try files(data, "hello")
            #expect(files.append(records(1...3), of: id("hello")).failure == nil)
            #expect(files.append(records(1...2, "b", time: 5), of: id("hello")).written == 2)
            #expect(numbers(files) == [1, 2, 3, 1, 2])
            #expect(numbers(files, instance: "b") == [1, 2])
            #expect(numbers(files, since: 2) == [1, 2])
            #expect(numbers(files, limit: 0) == [])
            #expect(numbers(files, "other") == [])
            #expect(TestFiles.mode("\(data.logs(of: id("hello")))/1.log") == 0o600)
            #expect(files.size == (try size(data, "hello")))
        }
    }

    @Test func theOldestGoAndTheBoundHolds() async throws {
        try await withData { data in
            let files = try files(data, "hello", perService: 8_000)
            for number in stride(from: 1, to: 2_000, by: 7) {
                #expect(files.append(records(number...(number + 6)), of: id("hello")).failure == nil)
                #expect(try size(data, "hello") <= 8_000)
                #expect(files.size == (try size(data, "hello")))
            }
            let numbers = numbers(files)
            #expect(numbers.last == 2_002)
            // Most of the bound is used, and nothing is missing in between.
            #expect(numbers == Array((numbers.first ?? 0)...2_002))
            #expect(try size(data, "hello") > 6_000)
            // Only as much is read as is asked for, in whole files.
            let last = self.numbers(files, limit: 5)
            #expect(last.count >= 5 && last.count < numbers.count && last.last == 2_002)
        }
    }

    @Test func allServicesTogetherHaveABoundToo() async throws {
        try await withData { data in
            let files = try files(data, perService: 8_000, bytes: 10_000)
            for name in ["one", "two", "three"] {
                for number in 1...200 {
                    #expect(files.append(records(number...number), of: id(name)).failure == nil)
                    #expect(files.size <= 10_000)
                }
            }
            let sizes = try ["one", "two", "three"].map { try size(data, $0) }
            #expect(sizes.reduce(0, +) == files.size)
            #expect(sizes[0] < sizes[2], "the oldest stayed: \(sizes)")
            #expect(numbers(files, "three").last == 200)
            // One of which nothing is left writes on.
            #expect(files.append(records(201...201), of: id("one")).failure == nil)
            #expect(numbers(files, "one").last == 201)
        }
    }

    @Test func aLineLongerThanAFileIsWrittenAll() async throws {
        try await withData { data in
            let files = try files(data, perService: 800)
            let long = [UInt8](repeating: 0x78, count: 5_000)
            let record = LogRecord(instance: InstanceID("a"), number: 2, time: 1, bytes: long[...])
            #expect(files.append(records(1...1) + [record] + records(3...3), of: id("hello")).written == 3)
            #expect(numbers(files).last == 3)
        }
    }

    @Test func aRestartGoesOnAfterAHalfLineAndSaysWhatIsOld() async throws {
        try await withData { data in
            let first = try files(data, "hello")
            _ = first.append(records(1...3), of: id("hello"))
            let path = "\(data.logs(of: id("hello")))/1.log"
            try TestFiles.write(try TestFiles.read(path) + Array("2026-11-28T15:20:44.1".utf8), to: path)

            let second = try files(data, "hello")
            #expect(second.size == (try size(data, "hello")))
            _ = second.append(records(1...2, "a", time: 2), of: id("hello"))
            let all = second.read(id("hello"), instance: nil, since: 0, limit: .max)
            #expect(all.map(\.number) == [1, 2, 3, 1, 2])
            #expect(all.map(\.isOfThisRun) == [false, false, false, true, true])
            // With a smaller bound the start makes room.
            let third = try files(data, "hello", perService: 130)
            #expect(third.size <= 130)
            #expect(numbers(third) == [1, 2])
        }
    }

    @Test func aStartSweepsAwayWhatBelongsToNobody() async throws {
        try await withData { data in
            let files = try files(data)
            for name in ["hello", "gone"] { _ = files.append(records(1...1), of: id(name)) }
            let other = ServiceID(environment: try EnvironmentName("gone.lever"), service: id("hello").service)
            _ = files.append(records(1...1), of: other)
            _ = try self.files(data, "hello")
            #expect(TestFiles.names(data.logs) == ["dev.lever"])
            #expect(TestFiles.names("\(data.logs)/dev.lever") == ["hello"])
        }
    }

    @Test func aRemovedServiceHasNoFiles() async throws {
        try await withData { data in
            let files = try files(data)
            _ = files.append(records(1...1), of: id("hello"))
            try files.remove(id("hello"))
            #expect(TestFiles.names(data.logs).isEmpty && files.size == 0)
            // Removing nothing is fine, and it may come back.
            try files.remove(id("hello"))
            _ = files.append(records(7...7), of: id("hello"))
            #expect(numbers(files) == [7])
            // A batch that nobody wants any more leaves nothing.
            try files.remove(id("hello"))
            #expect(files.append(records(8...8), of: id("hello"), isWanted: { false }).failure == nil)
            #expect(TestFiles.names(data.logs).isEmpty)
        }
    }

    #if os(Linux)
    @Test func aFullDiskIsSaidAndWhatWasWrittenIsWhole() async throws {
        try await withData { data in
            let files = try files(data)
            let folder = data.logs(of: id("hello"))
            try TestFiles.shell("mkdir -p '\(folder)' && ln -s /dev/full '\(folder)/1.log'", in: "/")
            let result = files.append(records(1...3), of: id("hello"))
            #expect(result.written == 0)
            #expect(result.failure?.message.contains("No space left") == true, "\(String(describing: result))")
            #expect(files.size == 0)
            // It goes on in another file once there is room.
            #expect(files.append(records(1...3), of: id("hello")).failure == nil)
            #expect(numbers(files) == [1, 2, 3])
        }
    }

    @Test(.enabled(if: SmallDisk.isPossible)) func aDiskThatBecomesFullKeepsWhatItHas() async throws {
        try await SmallDisk.with(bytes: 64 << 10) { path in
            let data = try DataDirectory("\(path)/data")
            defer { data.close() }
            let files = try files(data, perService: 8 << 20)
            var written = 0
            var failure: RuntimeError?
            while failure == nil, written < 10_000 {
                let result = files.append(records((written + 1)...(written + 50)), of: id("hello"))
                written += result.written
                failure = result.failure
            }
            #expect(failure?.message.contains("No space left") == true)
            #expect(written > 100)
            #expect(numbers(files) == Array(1...written))
            #expect(files.size == (try size(data, "hello")))
            for _ in 0..<3 { #expect(files.append(records(1...50), of: id("hello")).failure != nil) }
            #expect(numbers(files) == Array(1...written))
            // What a service gives back is there for another.
            #expect(files.append(records(1...1), of: id("other")).failure != nil)
            try files.remove(id("hello"))
            #expect(files.append(records(1...50), of: id("other")).failure == nil)
        }
    }
    #endif
}
