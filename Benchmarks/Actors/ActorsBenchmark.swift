import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverRuntime
import LeverService
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What a call of a virtual actor costs beside a plain unary call of the same service: same host, same program, same argument and
/// result, in turns. Without arguments it is the measuring side; started as `service` it is what is measured.
@main enum ActorsBenchmark {
    static func main() async throws {
        switch CommandLine.arguments.dropFirst().first {
        case "service": try await LeverService(service).serve()
        case let calls: try await measure(calls: calls.flatMap { Int($0) } ?? 20_000)
        }
    }

    @ServiceBuilder private static var service: ServiceDefinition {
        Method("Plain") { (text: String) in text.utf8.count }
        Method("CPU") { processorTime() }
        Actors(Counter.self) { system, _ in Counter(actorSystem: system) }
    }

    // MARK: Measuring

    private static func measure(calls: Int) async throws {
        var configuration = LeverHost.Configuration.defaults
        configuration.listen = "127.0.0.1:0"
        let host = try LeverHost(
            configuration: configuration, logger: Logger(label: "host") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await host.run() }
            let client = try LeverClient(host: try await host.address)
            try await deploy(through: client)
            let endpoint = try client.service("dev.lever", "actors")
            let system = LeverActorSystem(client: client, service: endpoint.id.service)
            let actor = try Counter.resolve(id: .init("one"), using: system)
            print("calls of each kind per round: \(calls); CPU is that of host, client and service together")
            for concurrency in [1, 64] {
                var plain: [Cost] = []
                var actors: [Cost] = []
                // The first round of each is for warming up.
                for round in 0..<6 {
                    let count = round == 0 ? calls / 10 : concurrency == 1 ? calls / 4 : calls
                    plain.append(
                        try await cost(count, concurrency, endpoint) {
                            _ = try await endpoint.invoke("Plain", "hello", as: Int.self)
                        })
                    actors.append(try await cost(count, concurrency, endpoint) { _ = try await actor.say("hello") })
                }
                report(concurrency, Cost.median(plain.dropFirst()), Cost.median(actors.dropFirst()))
            }
            await client.shutdown()
            group.cancelAll()
        }
    }

    private static func deploy(through client: LeverClient) async throws {
        let program =
            CommandLine.arguments[0].hasPrefix("/")
            ? CommandLine.arguments[0] : "\(currentDirectory)/\(CommandLine.arguments[0])"
        let manifest: LeverValue = [
            "name": "actors", "entry": [.string(program), "service"], "minInstances": 1, "maxInstances": 1, "ram": 200,
        ]
        var template = Array("/tmp/lever-actors-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { fatalError("no directory could be made in /tmp") }
        let directory = String(cString: made)
        guard let file = fopen("\(directory)/lever.json", "w") else { fatalError("\(directory) cannot be written to") }
        fputs(manifest.json(), file)
        fclose(file)
        defer {
            unlink("\(directory)/lever.json")
            rmdir(directory)
        }
        _ = try await client.deploy(directory, to: .default)
    }

    private static var currentDirectory: String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }

    private static func cost(
        _ calls: Int, _ concurrency: Int, _ endpoint: ServiceEndpoint,
        _ call: @escaping @Sendable () async throws -> Void
    ) async throws -> Cost {
        let before = processorTime() + (try await endpoint.invoke("CPU", as: Double.self))
        let clock = ContinuousClock()
        let duration = try await clock.measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<concurrency {
                    group.addTask { for _ in 0..<(calls / concurrency) { try await call() } }
                }
                try await group.waitForAll()
            }
        }
        let after = processorTime() + (try await endpoint.invoke("CPU", as: Double.self))
        let count = Double(calls / concurrency * concurrency)
        return Cost(time: duration / .seconds(1) * 1e6 / count, processor: (after - before) * 1e6 / count)
    }

    private static func report(_ concurrency: Int, _ plain: Cost, _ actor: Cost) {
        func text(_ number: Double) -> String {
            let hundredths = Int((number * 100).rounded())
            return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
        }
        print(
            "\(concurrency) at a time: plain \(text(plain.time)) µs, CPU \(text(plain.processor)) µs; "
                + "actor \(text(actor.time)) µs, CPU \(text(actor.processor)) µs; "
                + "ratio \(text(actor.time / plain.time)), CPU \(text(actor.processor / plain.processor)) (at most 1.3)"
        )
    }
}

/// What one call took, in µs.
private struct Cost {
    var time: Double
    var processor: Double

    static func median(_ costs: some Collection<Cost>) -> Cost {
        let times = costs.map(\.time).sorted()
        let processors = costs.map(\.processor).sorted()
        return Cost(time: times[times.count / 2], processor: processors[processors.count / 2])
    }
}

distributed actor Counter: VirtualActor {
    private var count = 0

    distributed func say(_ text: String) -> Int {
        count += 1
        return text.utf8.count
    }
}

/// User and system time of this process, in seconds.
private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
