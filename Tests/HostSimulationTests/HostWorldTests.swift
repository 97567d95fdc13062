import HostSimulation
import Testing

@Suite("Simulated hosts") struct HostWorldTests {
    @Test(arguments: 1...16 as ClosedRange<UInt64>) func roughWorldKeepsTheGuarantees(seed: UInt64) {
        var configuration = HostWorld.Configuration(seed: seed)
        configuration.steps = 8_000
        configuration.services = 1 + Int(seed % 5)
        configuration.instances = (4 + Int(seed % 7) * 2) * configuration.services
        expectNoFault(configuration)
    }

    @Test(arguments: 101...108 as ClosedRange<UInt64>) func calmWorldFailsNoCall(seed: UInt64) {
        var configuration = HostWorld.Configuration(seed: seed)
        configuration.steps = 8_000
        configuration.isCalm = true
        expectNoFault(configuration)
    }

    @Test func thousandsOfInstancesKeepTheGuarantees() {
        var configuration = HostWorld.Configuration(seed: 2026)
        configuration.steps = 30_000
        configuration.services = 40
        configuration.instances = 4_000
        let outcome = expectNoFault(configuration)
        #expect(outcome.counts["instances", default: 0] > 2_000)
    }

    /// Otherwise the seed that a failure names would be worth nothing.
    @Test func seedDecidesAll() {
        let configuration = HostWorld.Configuration(seed: 5)
        let (first, second) = (HostWorld(configuration).run(), HostWorld(configuration).run())
        #expect(first.counts == second.counts)
        #expect(first.steps == second.steps)
        #expect(first.time == second.time)
    }

    /// What the checks look at does happen.
    @Test(arguments: [
        "deployed", "deployments failed: conflict", "deployments failed: start-failed", "commits failed", "rollbacks",
        "removed services", "restarts", "condemned", "killed", "moved", "undrained", "told twice", "calls back",
        "NewResource hangs", "CloseResource hangs", "failed: instance-died", "failed: start-failed",
    ])
    func roughWorldIsRough(what: String) {
        #expect(Self.rough.counts[what, default: 0] > 0)
    }

    private static let rough: Outcome = {
        var configuration = HostWorld.Configuration(seed: 77)
        configuration.steps = 40_000
        return HostWorld(configuration).run()
    }()
}

/// Runs a world; where a guarantee does not hold, the seed and the last steps are in the message.
@discardableResult
func expectNoFault(_ configuration: HostWorld.Configuration) -> Outcome {
    let outcome = HostWorld(configuration).run()
    if let fault = outcome.fault { Issue.record("\(outcome.trail.joined(separator: "\n"))\n\(fault)") }
    return outcome
}
