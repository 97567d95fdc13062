import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// The same seed gives the same run, and a rough one keeps the guarantees.
@Suite struct SeedTests {
    /// What came of a run: each call's answer, and all events.
    private struct Run: Sendable, Equatable {
        var answers: [String]
        var events: [LeverTestHost.Event]
        var journal: [String]
    }

    /// Calls, faults and upgrades as a seed has it.
    private func run(seed: UInt64) async throws -> Run {
        try await withTestHost(seed: seed) { host in
            var random = FastRandom(seed: seed)
            let journal = Journal()
            let service = rooms(journal, clock: host.clock)
            try await host.deploy(service, as: "chat", minInstances: 1, maxInstances: 4, maxInstanceLoad: 2)
            let chat = try host.client.service("chat").with(CallOptions(timeout: .seconds(30)))
            let answers = await withTaskGroup(of: String.self) { group -> [String] in
                for number in 1...150 {
                    let room = "r\(random.next() % 6)"
                    let seconds = Int(random.next() % 8)
                    group.addTask {
                        do {
                            let said = try await chat.resource(room).invoke(
                                "SayLate", "\(number)", seconds, as: Int.self)
                            return "\(number): \(said)"
                        } catch {
                            return "\(number): \((error as? RPCError)?.reason?.token ?? "\(error)")"
                        }
                    }
                    let instances = host.instances("chat")
                    let any = instances.isEmpty ? nil : instances[Int(random.next() % UInt64(instances.count))]
                    switch (random.next() % 20, any) {
                    case (0, let instance?): host.crash(instance)
                    case (1, let instance?): host.pause(instance)
                    case (2, let instance?): host.partition(instance)
                    case (3...6, let instance?):
                        host.resume(instance)
                        host.heal(instance)
                    case (7, _): try? host.slowStart("chat", .seconds(Int(random.next() % 6)))
                    case (8, _): try? host.failNewResource(of: "chat")
                    case (9, _):
                        group.addTask {
                            _ = try? await host.deploy(
                                service, as: "chat", minInstances: 1, maxInstances: 4, maxInstanceLoad: 2)
                            return "deployed"
                        }
                    case (10, _):
                        group.addTask {
                            _ = try? await host.move(room, of: "chat")
                            return "moved"
                        }
                    default: break
                    }
                    await host.advance(by: .milliseconds(Int(random.next() % 3_000)))
                }
                await host.advance(by: .seconds(300))
                return await group.reduce(into: []) { $0.append($1) }
            }
            return Run(answers: answers, events: host.events, journal: journal.all)
        }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func theSameSeedGivesTheSameRun(seed: UInt64) async throws {
        let (first, second) = (try await run(seed: seed), try await run(seed: seed))
        #expect(first.answers == second.answers)
        #expect(first.journal == second.journal)
        for (one, other) in zip(first.events, second.events) where one != other {
            Issue.record("\(one)\n\(other)")
            break
        }
        #expect(first.events.count == second.events.count)
        #expect(first.answers.contains { $0.hasSuffix(": 1") })
    }
}
