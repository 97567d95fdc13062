import LeverCore
import LeverTransport
import Testing

@testable import LeverRuntime

/// Instances that are made ahead.
@Suite struct SpareTests {
    @Test func nextInstanceIsTheSpareAndAnotherOneIsMade() async throws {
        try await SupervisorHarness.with { host in
            host.driver.makesSpares = true
            _ = try await host.deploy(spares: 1)
            try await host.wait("a spare is made") { host.driver.spares.count == 1 }
            for _ in 1...3 {
                let spare = try #require(host.driver.spares.first)
                let instance = try #require(host.driver.alive.first { $0.id != spare.id })
                instance.end(.signal(9))
                try await host.wait("the spare answers") {
                    _ = try? await host.call()
                    return host.driver.reused.contains(spare.id)
                }
                try await host.wait("another one is made") {
                    host.driver.spares.count == 1 && host.driver.spares.first?.id != spare.id
                }
            }
            #expect(host.driver.reused.count == 3)
        }
    }

    @Test func callsNeverGoToASpare() async throws {
        try await SupervisorHarness.with { host in
            host.driver.makesSpares = true
            _ = try await host.deploy(spares: 3)
            try await host.wait("spares are made") { host.driver.spares.count == 3 }
            #expect(await host.supervisor.standing(of: SupervisorHarness.service)?.instances.count == 1)
        }
    }

    @Test func sparesOfAnOldVersionAreDropped() async throws {
        try await SupervisorHarness.with { host in
            host.driver.makesSpares = true
            _ = try await host.deploy(spares: 2)
            try await host.wait("spares are made") { host.driver.spares.count == 2 }
            _ = try await host.deploy(spares: 1)
            try await host.wait("only the new version's is left") {
                host.driver.spares.map(\.specification.version) == [2] && host.driver.alive.count == 2
            }
            #expect(try await host.call() == 2)
            _ = try await host.deploy()
            try await host.wait("none is left") { host.driver.spares.isEmpty && host.driver.alive.count == 1 }
        }
    }

    @Test func spareThatDoesNotLastIsNoLoss() async throws {
        try await SupervisorHarness.with { host in
            host.driver.makesSpares = true
            _ = try await host.deploy(spares: 1)
            try await host.wait("a spare is made") { host.driver.spares.count == 1 }
            for instance in host.driver.alive { instance.end(.signal(9)) }
            try await host.wait("another instance answers") { (try? await host.call()) == 1 }
            #expect(host.driver.reused.isEmpty)
        }
    }

    @Test func removalDropsThem() async throws {
        try await SupervisorHarness.with { host in
            host.driver.makesSpares = true
            _ = try await host.deploy(spares: 2)
            try await host.wait("spares are made") { host.driver.spares.count == 2 }
            try await host.supervisor.remove(SupervisorHarness.service)
            #expect(host.driver.spares.isEmpty)
        }
    }
}
