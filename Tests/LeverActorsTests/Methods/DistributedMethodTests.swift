import Distributed
import LeverActors
import Testing

@testable import LeverActors

/// One whose name repeats its module's, which mangling shortens.
distributed actor LeverActorsTestsActor {
    typealias ActorSystem = LeverActorSystem

    distributed func plain(_ numbers: [String: Int], parts: [Part]?) -> [Int?] { [] }

    struct Part: Codable {}

    distributed actor Inner {
        typealias ActorSystem = LeverActorSystem
        distributed func inner(text: String, _ part: Part) {}
    }
}

private distributed actor Hidden {
    typealias ActorSystem = LeverActorSystem
    distributed func hidden() {}
    distributed var property: Int { 1 }
}

distributed actor Generic<Value: Codable & Sendable> {
    typealias ActorSystem = LeverActorSystem
    distributed func value(_ value: Value) {}
}

extension Parrot {
    distributed func extended(by other: Parrot) async throws {}
}

@Suite("Distributed methods are found") struct DistributedMethodTests {
    private func methods(_ type: Any.Type) -> [String] {
        DistributedMethod.all(of: type).map { "\($0.name)(\($0.parameters.joined(separator: ", ")))" }.sorted()
    }

    @Test func ofTypesWhereverTheyAre() {
        #expect(
            methods(LeverActorsTestsActor.self) == ["plain(Dictionary<String, Int>, parts: Array<Part>?)"])
        #expect(methods(LeverActorsTestsActor.Inner.self) == ["inner(text: String, Part)"])
        #expect(methods(Hidden.self) == ["hidden()", "property()"])
        #expect(
            methods(Parrot.self) == [
                "clear()", "extended(by: Parrot)", "join(seats: Int)", "last(of: Int, from: String?)", "say(String)",
            ])
    }

    @Test func notOfTypesThatNeedTypes() {
        #expect(methods(Generic<Int>.self) == [])
        #expect(methods(String.self) == [])
        let anything = DistributedMethod.all(of: Room.self).first { $0.name == "anything" }
        #expect(anything?.isGeneric == true)
        #expect(DistributedMethod.all(of: Room.self).count { $0.isGeneric } == 1)
    }
}
