import LeverCore

// The last steps, for whoever looks for the reason of a fault.
extension HostWorld {
    /// What the trail remembers; put into words only where it is asked for.
    enum TrailEntry {
        case step(ContinuousClock.Instant, Step)
        case actions(SimulatedService, [ServiceMachine.Action])
    }

    private static let length = 200

    /// Looks at the load, of which nothing came, would fill the trail.
    func isWorthNoting(_ step: Step) -> Bool {
        switch step {
        case .input(_, _, .look), .input(_, _, .load), .arrival: false
        default: true
        }
    }

    func note(_ entry: TrailEntry) {
        if trail.count < Self.length {
            trail.append(entry)
        } else {
            trail[trailEnd] = entry
            trailEnd = (trailEnd + 1) % Self.length
        }
    }

    func lastSteps() -> [String] {
        (trail[trailEnd...] + trail[..<trailEnd]).flatMap { entry -> [String] in
            switch entry {
            case .step(let time, let step): ["\(time - Self.start): \(describe(step))"]
            case .actions(let service, let actions): actions.map { "    \(service.id.service): \($0)" }
            }
        }
    }

    /// Remembers the first thing that is wrong.
    func wrong(_ text: @autoclosure () -> String) {
        if fault == nil { fault = "seed \(configuration.seed), step \(steps), \(now - Self.start) in: \(text())" }
    }

    private func describe(_ step: Step) -> String {
        switch step {
        case .input(let service, _, let input): "\(service.id.service) hears \(describe(input))"
        case .mail(let loop, _, let mail): "loop \(loop) hears \(describe(mail))"
        case .arrival(let service): "a client calls \(service.id.service)"
        case .call(let call, let attempt, let step): "\(call.name), attempt \(attempt): \(step)"
        case .instance(let instance, let step): "instance \(instance.id): \(describe(step))"
        case .act: "something happens from outside"
        case .hostStarts: "the host starts again"
        }
    }

    private func describe(_ input: Input) -> String {
        switch input {
        case .machine(let event): "\(event)"
        case .takeOver(let version, let isRollback):
            "of \(isRollback ? "a rollback to" : "an upload:") version \(version.number)"
        default: "\(input)"
        }
    }

    private func describe(_ mail: Mail) -> String {
        switch mail {
        case .route(let service, let instances): "\(service.id.service) is at \(instances.map(\.id.rawValue))"
        case .removed(let service): "\(service.id.service) is removed"
        case .activated(let activation):
            "\(activation.resource) has epoch \(activation.epoch) at \(activation.instance.id)"
        case .forgotten(let service, let resource, let epoch):
            "\(resource) of \(service.id.service) with epoch \(epoch) is forgotten"
        case .resume(let call, _, let error): "\(call.name) waits no more: \(error.map { "\($0)" } ?? "look again")"
        case .end(let kind, let instance, let activation, let error):
            "\(kind) of \(instance.id)\(activation.map { " in \($0.resource)" } ?? "") end: \(error.message)"
        }
    }

    private func describe(_ step: InstanceStep) -> String {
        switch step {
        case .answer(let event, let resource, _): "answers about \(resource): \(event)"
        default: "\(step)"
        }
    }
}

extension SimulatedCall {
    var name: String {
        "\(isChannel ? "channel" : "call") \(number)\(resource.map { " for \($0)" } ?? "") of \(service.id.service)"
    }
}
