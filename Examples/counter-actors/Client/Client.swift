import Distributed
import LeverActors
import LeverClient

/// What this program knows of the counters: their methods, not how they work.
@Resolvable
protocol CounterAPI: DistributedActor where ActorSystem == LeverActorSystem {
    distributed func add(_ amount: Int) async throws -> Int
}

/// `counter 127.0.0.1:8080 ada 2` adds 2 to Ada's counter and prints it.
@main struct Client {
    static func main() async throws {
        let words = CommandLine.arguments
        guard words.count == 4, let amount = Int(words[3]) else {
            print("usage: counter <host:port> <user> <amount>")
            return
        }
        let system = try LeverActorSystem(client: LeverClient(host: words[1]), service: "counters")
        let counter = try $CounterAPI.resolve(id: .init(words[2]), using: system)
        print(try await counter.add(amount))
    }
}
