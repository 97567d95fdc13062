import LeverCore
import Testing

/// Random events in random order, as a shell that does what it is asked for would send them, with what must always hold.
@Suite("A service's life, at random") struct ServiceControllerRandomTests {
    @Test(arguments: [UInt64](1...200)) func alwaysHolds(seed: UInt64) {
        var generator = FastRandom(seed: seed)
        func random(_ bound: Int) -> Int { Int(generator.next(upperBound: UInt64(bound))) }
        let usesPort = seed % 2 == 0
        var service = ServiceControllerHarness(live: seed % 3 == 0 ? nil : 1, needsPort: usesPort)
        var version = 1
        var request = 0
        var waiting: Set<Int> = []
        var committing: Int?
        var live: [InstanceID: Bool] = [:]  // Alive, and whether its end was asked for.
        var callsWait = false

        func carryOut(_ actions: [ServiceController.Action]) {
            for action in actions {
                switch action {
                case .start(let id, _):
                    if usesPort { #expect(live.isEmpty, "two programs would want the port, seed \(seed)") }
                    live[id] = false
                case .terminate(let id), .kill(let id): live[id] = true
                case .commit(let version):
                    #expect(committing == nil)
                    committing = version
                case .deployed(let version, let request):
                    #expect(service.controller.liveVersion == version)
                    #expect(waiting.remove(request) != nil, "seed \(seed)")
                case .deploymentFailed(_, let request, _):
                    #expect(waiting.remove(request) != nil, "seed \(seed)")
                case .failWaiting: callsWait = false
                case .publish: if !service.controller.readyInstances.isEmpty { callsWait = false }
                default: break
                }
            }
        }

        func end(_ id: InstanceID) {
            live[id] = nil
            carryOut(service(.exited(id, how: "it exited with code 1")))
        }

        for _ in 0..<120 {
            let instances = service.controller.instances
            let any = instances.isEmpty ? nil : instances[random(instances.count)]
            request += 1
            switch random(14) {
            case 0:
                // Now and then one arrives after a later one.
                version += 1 + random(2)
                let late = version > 2 && random(4) == 0
                waiting.insert(request)
                let candidate = ServiceController.Candidate(
                    version: late ? version - 1 : version, needsPort: usesPort,
                    minInstances: random(3))
                carryOut(service(.deploy(candidate, request: request)))
            case 10:
                waiting.insert(request)
                let candidate = ServiceController.Candidate(version: max(1, version - 1), needsPort: usesPort)
                carryOut(service(.rollback(candidate, newest: version, request: request)))
            case 11:
                if let any { carryOut(service(.silent(any.id))) }
            case 12:
                if let any {
                    let lost = random(3) == 0
                    carryOut(service(lost ? .lost(any.id, how: "silence") : .heard(any.id)))
                }
            case 13:
                if let any {
                    carryOut(service(random(2) == 0 ? .condemn(any.id) : .retire(any.id)))
                }
            case 1, 2:
                callsWait = true
                carryOut(service(.callsWaiting))
            case 3, 4:
                if let any, any.state == .starting { carryOut(service(.ready(any.id, holdsPort: usesPort))) }
            case 5:
                if let any { end(any.id) }
            case 6:
                let desired = random(4)
                let samples = instances.filter { $0.version == service.controller.liveVersion }.map {
                    ScalingSample.Instance(id: $0.id, state: $0.state, mayReturn: $0.mayReturn)
                }
                carryOut(
                    service(.scale(ScalingPlan(ScalingDirective(desired: desired, reason: ""), instances: samples))))
            case 7:
                if let any, any.state == .draining { carryOut(service(.drained(any.id))) }
            case 8:
                if let done = committing {
                    committing = nil
                    carryOut(
                        random(4) == 0
                            ? service(.commitFailed(version: done, RPCError(.defect, "disk")))
                            : service(.committed(version: done)))
                }
            default:
                service.now += .milliseconds(random(20_000))
                for action in service(.timer) {
                    carryOut([action])
                    if case .startTimedOut(let id) = action { carryOut(service(.startFailed(id, how: "slow"))) }
                }
            }
        }

        carryOut(service(.shutdown))
        var stopped = false
        for _ in 0..<50 where !stopped {
            if let done = committing {
                committing = nil
                carryOut(service(.committed(version: done)))
            }
            for id in live.keys { end(id) }
            stopped = live.isEmpty && service.controller.instances.isEmpty
        }
        #expect(stopped, "seed \(seed)")
        #expect(waiting.isEmpty, "deployments \(waiting) never heard how they ended, seed \(seed)")
        #expect(!callsWait, "calls wait for ever, seed \(seed)")
    }
}
