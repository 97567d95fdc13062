import ActorPeerInterface
import Foundation
import LeverActors
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("One activation of an actor", .timeLimit(.minutes(5))) struct ActorFaultTests {
    @Test func upgradesUnderLoadFailNothingAndNeverActivateTwice() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with({ $0.resources.moveWindow = .milliseconds(300) }) { host in
            try await service.deploy(to: host, 1, instances: 2)
            let isDone = Shared(false)
            let calls = Shared(0)
            let sums = Shared<[String: Int]>([:])
            let names = (0..<6).map { "r\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                func keepCalling(_ body: @escaping @Sendable () async throws -> Void) {
                    group.addTask {
                        while !isDone.value {
                            try await body()
                            calls.change { $0 += 1 }
                        }
                    }
                }
                for name in names {
                    keepCalling { _ = try await host.actor(name).touch(Int.random(in: 0...4)) }
                    // Calls that come back to their own actor must not wait for themselves while it moves.
                    keepCalling { _ = try await host.actor(name).again(Int.random(in: 0...8)) }
                    // To others, some of which are on the same instance.
                    keepCalling {
                        let others = names.shuffled().prefix(2)
                        _ = try await host.actor("visitor \(name)").visit(Array(others), for: 1)
                    }
                    keepCalling {
                        _ = try await host.actor(name).add(1)
                        sums.change { $0[name, default: 0] += 1 }
                    }
                }
                group.addTask {
                    defer { isDone.change { $0 = true } }
                    for version in 2...8 {
                        try await service.deploy(to: host, version, instances: 2)
                        #expect(try await host.witness("", "Version") == .string("\(version)"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(calls.value > 200)
            for name in names { #expect(try service.stored(name) == sums.value[name], "\(name)") }
        }
        let activations = try service.witness.check()
        #expect(activations.values.reduce(0, +) > 20, "hardly anything ever moved: \(activations)")
    }

    @Test func killedInstancesLoseNothingThatWasAnswered() async throws {
        let service = try ActorService()
        try await EmbeddedHost.with { host in
            try await service.deploy(to: host, 1, instances: 2)
            let isDone = Shared(false)
            let answered = Shared<[String: Int]>([:])
            let asked = Shared<[String: Int]>([:])
            let names = (0..<4).map { "r\($0)" }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names {
                    group.addTask {
                        while !isDone.value {
                            asked.change { $0[name, default: 0] += 1 }
                            do {
                                _ = try await host.actor(name).add(1)
                                answered.change { $0[name, default: 0] += 1 }
                            } catch let error as RPCError where error.code == .unavailable {
                                // Its instance died; whether it was added is not known.
                            }
                        }
                    }
                }
                group.addTask {
                    defer { isDone.change { $0 = true } }
                    for _ in 0..<4 {
                        let before = answered.value
                        try await wait("all have gone on") {
                            names.allSatisfy { answered.value[$0, default: 0] > before[$0, default: 0] + 5 }
                        }
                        var victim: (Touch, Int32)?
                        try await wait("one lives") {
                            let actor = try host.actor("r0")
                            guard let touch = try? await actor.touch(0), let pid = try? await actor.pid() else {
                                return false
                            }
                            victim = (touch, pid)
                            return true
                        }
                        let (touch, pid) = try #require(victim)
                        try service.witness.willKill(touch.instance)
                        kill(pid, SIGKILL)
                        try await wait("it lives elsewhere") {
                            guard let after = try? await host.actor("r0").touch(0) else { return false }
                            return after.instance != touch.instance && after.epoch > touch.epoch
                        }
                    }
                }
                try await group.waitForAll()
            }
            for name in names {
                let stored = try service.stored(name)
                #expect(stored >= answered.value[name] ?? 0, "\(name) has forgotten")
                #expect(stored <= asked.value[name] ?? 0, "\(name) has added twice")
            }
        }
        let activations = try service.witness.check()
        #expect(activations["r0"] ?? 0 >= 5)
    }
}
