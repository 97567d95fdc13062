internal import LeverCore

/// Which of several equal hosts each call goes to: the decision, without connections.
///
/// A host is *ready* until a call could not reach it. Then it is *aside* for a growing time, in which calls go to others. When
/// the time is over, the next call has the host *probed*, and still goes elsewhere; the probe makes the host ready again, or
/// begins a longer time. Where no host is ready, calls try those that are aside, the one first that is due first.
struct HostTable: Sendable {
    private enum State: Sendable, Equatable {
        case ready
        case aside(until: ContinuousClock.Instant)
        case probing
    }

    private struct Host: Sendable {
        var state = State.ready
        var load = 0
        /// Failures since it was last reached.
        var failures = 0
    }

    /// Where a call goes.
    struct Pick: Sendable, Equatable {
        /// The host's index.
        var host: Int
        /// Hosts to probe meanwhile.
        var probes: [Int] = []
    }

    private var hosts: [Host]
    /// The indices of those that are ready.
    private var ready: [Int]
    private let backoff: Backoff
    private var random: FastRandom

    init(count: Int, backoff: Backoff, seed: UInt64) {
        hosts = Array(repeating: Host(), count: count)
        ready = Array(0..<count)
        self.backoff = backoff
        random = FastRandom(seed: seed)
    }

    /// Whether calls go to a host while others are there.
    func isReady(_ host: Int) -> Bool { ready.contains(host) }

    /// The calls in progress at a host.
    func load(of host: Int) -> Int { hosts[host].load }

    /// Chooses a host for a call that has tried some already, and counts the call there; `nil` where all were tried.
    mutating func pick(
        tried: [Int], at now: ContinuousClock.Instant, _ balancer: some LoadBalancer
    ) -> Pick? {
        let probes = ready.count == hosts.count ? [] : beginProbes(now)
        let candidates = tried.isEmpty ? ready : ready.filter { !tried.contains($0) }
        let host: Int
        if candidates.isEmpty {
            guard let due = firstDue(tried) else { return nil }
            host = due
        } else {
            let hosts = hosts
            let index = balancer.pick(
                count: candidates.count, load: { hosts[candidates[$0]].load }, random: &random)
            host = candidates[index]
        }
        hosts[host].load += 1
        return Pick(host: host, probes: probes)
    }

    /// The one of those that are not ready whose time is over first.
    private func firstDue(_ tried: [Int]) -> Int? {
        func due(_ index: Int) -> ContinuousClock.Instant? {
            if case .aside(let until) = hosts[index].state { until } else { nil }
        }
        return hosts.indices.filter { !tried.contains($0) }.min { left, right in
            switch (due(left), due(right)) {
            case (let left?, let right?): left < right
            // One that is being probed may be there before its time.
            case (nil, _?): true
            default: false
            }
        }
    }

    /// Hosts whose time is over. A probe is worth its while only where calls have somewhere else to go.
    private mutating func beginProbes(_ now: ContinuousClock.Instant) -> [Int] {
        guard !ready.isEmpty else { return [] }
        var due: [Int] = []
        for index in hosts.indices {
            guard case .aside(let until) = hosts[index].state, until <= now else { continue }
            hosts[index].state = .probing
            due.append(index)
        }
        return due
    }

    /// A call has left a host, however it ended.
    mutating func ended(_ host: Int) {
        hosts[host].load -= 1
    }

    /// A call was answered by a host, or a probe.
    mutating func reached(_ host: Int) {
        hosts[host].failures = 0
        guard hosts[host].state != .ready else { return }
        hosts[host].state = .ready
        ready = hosts.indices.filter { hosts[$0].state == .ready }
    }

    /// A call, or a probe, could not reach a host.
    mutating func unreachable(_ host: Int, at now: ContinuousClock.Instant) {
        // Many calls that fail at one moment are one failure.
        if case .aside(let until) = hosts[host].state, now < until { return }
        hosts[host].failures += 1
        hosts[host].state = .aside(until: now + backoff.wait(after: hosts[host].failures, random: &random))
        ready.removeAll { $0 == host }
    }
}
