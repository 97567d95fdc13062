#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// User and system time of this process, in µs.
private func processTime() -> Double {
    #if canImport(Glibc)
    let who = RUSAGE_SELF.rawValue
    #else
    let who = RUSAGE_SELF
    #endif
    var usage = rusage()
    getrusage(who, &usage)
    func microseconds(_ time: timeval) -> Double { Double(time.tv_sec) * 1e6 + Double(time.tv_usec) }
    return microseconds(usage.ru_utime) + microseconds(usage.ru_stime)
}

/// Makes so many calls, `concurrency` at any time, and prints one line of JSON with the time of this process for each. A
/// tenth as many are made before, uncounted.
public func measureCalls(
    _ count: Int, concurrency: Int, _ call: @escaping @Sendable () async throws -> Void
) async throws {
    try await make(count / 10, concurrency: concurrency, call)
    let before = processTime()
    let start = ContinuousClock.now
    try await make(count, concurrency: concurrency, call)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let each = (processTime() - before) / Double(count)
    print("{\"calls\": \(count), \"failures\": 0, \"seconds\": \(seconds), \"cpu\": \(each)}")
}

private func make(
    _ count: Int, concurrency: Int, _ call: @escaping @Sendable () async throws -> Void
) async throws {
    try await withThrowingTaskGroup { group in
        for _ in 0..<concurrency {
            group.addTask { for _ in 0..<(count / concurrency) { try await call() } }
        }
        try await group.waitForAll()
    }
}

/// The command line: `server <port>` or `client <port> <calls> <concurrency>`.
public enum Command {
    case server(port: Int)
    case client(port: Int, calls: Int, concurrency: Int)

    /// Reads the arguments; ends the process where they are wrong.
    public static func parse() -> Command {
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
        switch (CommandLine.arguments.dropFirst().first, numbers.count) {
        case ("server", 1): return .server(port: numbers[0])
        case ("client", 3) where numbers[2] > 0:
            return .client(port: numbers[0], calls: numbers[1], concurrency: numbers[2])
        default:
            print("usage: \(CommandLine.arguments[0]) server <port> | client <port> <calls> <concurrency>")
            exit(2)
        }
    }
}

/// The command line of calls within a process: `<kind> <calls> <concurrency>`.
public struct InProcessCommand: Sendable {
    /// What is called.
    public var kind: String
    /// How many calls are made.
    public var calls: Int
    /// How many at any time.
    public var concurrency: Int

    /// Reads the arguments; ends the process where they are wrong.
    public static func parse(kinds: [String]) -> InProcessCommand {
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
        guard let kind = CommandLine.arguments.dropFirst().first, kinds.contains(kind), numbers.count == 2,
            numbers[1] > 0
        else {
            print("usage: \(CommandLine.arguments[0]) \(kinds.joined(separator: "|")) <calls> <concurrency>")
            exit(2)
        }
        return InProcessCommand(kind: kind, calls: numbers[0], concurrency: numbers[1])
    }
}
