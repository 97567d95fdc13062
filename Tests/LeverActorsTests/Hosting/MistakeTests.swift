import Distributed
import LeverActors
import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

distributed actor Overloaded {
    typealias ActorSystem = LeverActorSystem
    distributed func send(text: String) {}
    distributed func send(number: Int) {}
}

distributed actor Streaming {
    typealias ActorSystem = LeverActorSystem
    distributed func feedChan() {}
}

distributed actor Hooked {
    typealias ActorSystem = LeverActorSystem
    distributed func NewResource() {}
}

@Suite("Mistakes of a program with actors end it", .timeLimit(.minutes(1))) struct MistakeTests {
    static var system: LeverActorSystem {
        LeverActorSystem(client: LeverClient(transport: InProcessTransport(handler: TestRouter())))
    }

    private func check(_ result: ExitTest.Result?, _ text: String) {
        let output = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(output.contains(text), "\(output)")
    }

    @Test func methodsThatOnlyLabelsTellApart() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                Actors(Overloaded.self, system: Self.system) { system, _ in Overloaded(actorSystem: system) }
            }
        }
        check(result, "Overloaded has several distributed methods \"send\"")
    }

    @Test func namesThatMeanSomethingElse() async {
        let channel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                Actors(Streaming.self, system: Self.system) { system, _ in Streaming(actorSystem: system) }
            }
        }
        check(channel, "\"feedChan\" is the name of a channel method")
        let hook = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                Actors(Hooked.self, system: Self.system) { system, _ in Hooked(actorSystem: system) }
            }
        }
        check(hook, "\"NewResource\" is called by the host")
    }

    @Test func typesWithoutMethods() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                Actors(Generic<Int>.self, system: Self.system) { system, _ in Generic<Int>(actorSystem: system) }
            }
        }
        check(result, "has no distributed methods that could be found")
    }

    @Test func typesThatShareTheSameNames() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                let system = Self.system
                Actors(Parrot.self, named: "a", system: system) { system, _ in Parrot(actorSystem: system) }
                Actors(Room.self, named: "a/b", system: system) { system, _ in Room(Journal(), actorSystem: system) }
            }
        }
        check(result, "for the same resources")
    }
}
