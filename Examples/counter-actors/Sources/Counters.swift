import Distributed
import LeverActors
import LeverService

/// One for each user.
distributed actor Counter: VirtualActor {
    private var count = 0

    distributed func add(_ amount: Int) -> Int {
        count += amount
        return count
    }
}

@main struct Counters: LeverServiceMain {
    static var service: ServiceDefinition {
        Method("Greet") { (name: String) in "Hello, \(name)!" }
        Actors(Counter.self) { system, id in Counter(actorSystem: system) }
    }
}
