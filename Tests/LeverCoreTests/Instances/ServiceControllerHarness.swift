import LeverCore

/// A controller on a clock that only the test moves, and what it asked for.
struct ServiceControllerHarness {
    var controller: ServiceController
    var now = ContinuousClock.now
    let service: ServiceID

    init(
        live: Int? = nil, needsPort: Bool = false, _ change: (inout ServiceController.Configuration) -> Void = { _ in }
    ) {
        var configuration = ServiceController.Configuration()
        change(&configuration)
        // A literal that is a good name.
        service = ServiceID(environment: .default, service: try! ServiceName("hello"))
        controller = ServiceController(
            service: service, live: live.map { .init(version: $0, needsPort: needsPort) }, idPrefix: "i",
            configuration: configuration)
    }

    /// Feeds an event; returns what is to be done, the wishes for the timer left out.
    mutating func callAsFunction(_ event: ServiceController.Event) -> [ServiceController.Action] {
        controller.handle(event, at: now).filter { if case .wake = $0 { false } else { true } }
    }

    /// Moves the clock and lets the timer fire.
    mutating func pass(_ time: Duration) -> [ServiceController.Action] {
        now += time
        return self(.timer)
    }

    /// The instance with a number, counted in the order of starts.
    func id(_ number: Int) -> InstanceID { InstanceID("i-\(number)") }

    /// Brings up the first instance of the live version.
    mutating func makeReady(_ number: Int = 1, holdsPort: Bool = false) {
        _ = self(.callsWaiting)
        _ = self(.ready(id(number), holdsPort: holdsPort))
    }

    /// Starts and makes ready more instances of the live version: `count` in all.
    mutating func scaleTo(_ count: Int) {
        makeReady()
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.start = count - 1
        _ = self(.scale(plan))
        for number in 2..<(count + 1) { _ = self(.ready(id(number), holdsPort: false)) }
    }

    /// Lets instances leave for want of calls.
    mutating func scaleDown(_ numbers: Int...) -> [ServiceController.Action] {
        var plan = ScalingPlan(ScalingDirective(desired: 0, reason: ""), instances: [])
        plan.drain = numbers.map(id)
        return self(.scale(plan))
    }

    /// The number of a version is the number of its request, too.
    mutating func deploy(_ version: Int, needsPort: Bool = false) -> [ServiceController.Action] {
        self(.deploy(.init(version: version, needsPort: needsPort), request: version))
    }

    func state(_ number: Int) -> InstanceState? {
        controller.instances.first { $0.id == id(number) }?.state
    }
}

extension [ServiceController.Action] {
    /// The error that waiting calls are failed with.
    var waitingError: RPCError? {
        for case .failWaiting(let error) in self { return error }
        return nil
    }

    /// The error that a deployment failed with.
    func deploymentError(_ version: Int) -> RPCError? {
        for case .deploymentFailed(version, _, let error) in self { return error }
        return nil
    }
}
