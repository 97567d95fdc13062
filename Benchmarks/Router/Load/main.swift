// Load for a proxy or a server, shaped as Lever's clients send it; prints one line of JSON. A load generator of our own, since
// h2load can neither give each call another `lever-url` nor keep channels.
//
// usage: benchmark-load unary|echo <port> <calls> <connections> <streams> <destinations> <bytes of the request>
//        benchmark-load channels <port> <messages> <connections> <channels> <bytes of a message>
//        benchmark-load idle <port> <connections> <channels>: says when all are open, and ends with its standard input

import Logging
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

func percentile(_ sorted: [Int64], _ share: Double) -> Double {
    sorted.isEmpty ? 0 : Double(sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]) / 1e3
}

func report(_ result: LoadResult, seconds: Double) {
    let sorted = result.latencies.sorted()
    print(
        """
        {"calls": \(sorted.count), "seconds": \(seconds), "failures": \(result.failures), \
        "p50": \(percentile(sorted, 0.5)), "p99": \(percentile(sorted, 0.99))}
        """)
}

func usage() -> Never {
    print(
        """
        usage: benchmark-load unary|echo <port> <calls> <connections> <streams> <destinations> <bytes of the request>
               benchmark-load channels <port> <messages> <connections> <channels> <bytes of a message>
               benchmark-load idle <port> <connections> <channels>
        """)
    exit(2)
}

let mode = CommandLine.arguments.dropFirst().first ?? ""
let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
let done = eventLoop.makePromise(of: LoadResult.self)
let start = NIODeadline.now()
switch mode {
case "unary", "echo":
    guard numbers.count == 6, numbers[1...4].allSatisfy({ $0 > 0 }) else { usage() }
    try await eventLoop.submit {
        let load = UnaryLoad(
            eventLoop, port: numbers[0], calls: numbers[1], connections: numbers[2], destinations: numbers[4],
            bytes: numbers[5], method: mode == "echo" ? "Echo" : "BasicHello", done: done)
        for _ in 0..<(numbers[2] * numbers[3]) { UnaryCaller(load).next() }
    }.get()
    let result = try await done.futureResult.get()
    report(result, seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9)
case "channels":
    guard numbers.count == 5, numbers[1...3].allSatisfy({ $0 > 0 }) else { usage() }
    try await eventLoop.submit {
        ChannelLoad(
            eventLoop, port: numbers[0], messages: numbers[1], connections: numbers[2], channels: numbers[3],
            bytes: numbers[4], done: done
        ).start()
    }.get()
    let result = try await done.futureResult.get()
    report(result, seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9)
case "idle":
    guard numbers.count == 3, numbers[1...2].allSatisfy({ $0 > 0 }) else { usage() }
    try await eventLoop.submit {
        ChannelLoad(
            eventLoop, port: numbers[0], messages: 0, connections: numbers[1], channels: numbers[2], bytes: 15,
            keepsOpen: true, done: done
        ).start()
    }.get()
    let result = try await done.futureResult.get()
    report(result, seconds: Double((NIODeadline.now() - start).nanoseconds) / 1e9)
    fflush(nil)
    while readLine() != nil {}
default:
    usage()
}
