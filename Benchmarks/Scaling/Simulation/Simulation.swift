package import LeverCore

/// Runs one load against one policy in virtual time.
///
/// The host is the same for all policies: calls go to the less loaded of two random ready instances and wait while none is
/// ready; an instance works on as many calls at once as its `maxInstanceLoad` says and keeps the others in their order;
/// instances take time to start; those that leave finish what they have, and come back if they are wanted before that.
package struct Simulation {
    /// What is the same for all policies.
    package struct Parameters: Sendable {
        package var bounds = ScalingBounds(maxInstances: 100)
        /// How long an instance takes to start, in seconds; each differs by up to a quarter.
        package var startTime = 1.0
        package var seed: UInt64 = 1

        package init() {}
    }

    enum Event {
        case tick
        case ready(Int)
        case ended(instance: Int, isChannel: Bool, duration: Double)
    }

    struct Instance {
        let id: InstanceID
        let born: Double
        var state = InstanceState.starting
        var running = 0
        /// Calls that it has taken and not begun; `head` is where they start.
        var queue: [Load.Call] = []
        var head = 0
        var channels = 0

        var calls: Int { running + queue.count - head }
        var inProgress: Int { calls + channels }
    }

    let load: Load
    let parameters: Parameters
    let slots: Int
    var policy: any SimulatedPolicy
    var random: FastRandom
    var events = EventQueue<Event>()
    /// Every instance that ever was, in the order of their start; a stopped one keeps its place.
    var instances: [Instance] = []
    /// Those that take calls, and those that are not stopped: indices, in the order of their start.
    var ready: [Int] = []
    var alive: [Int] = []
    var waiting: [Load.Call] = []
    /// What ready instances have, with what waits for one.
    var openCalls = 0
    var openChannels = 0
    var now = 0.0
    var sampled = 0.0
    var arrived = 0
    var completed = 0
    var completedTime = 0.0
    var startTimes = LoadAverage(timeConstant: .seconds(10))
    var hasStarted = false
    var callMeter: LoadMeter
    var channelMeter: LoadMeter
    var outcome: OutcomeMeter
    let epoch = ContinuousClock.now

    /// Runs it to its end.
    package static func run(_ load: Load, _ policy: some SimulatedPolicy, _ parameters: Parameters = .init()) -> Outcome
    {
        var simulation = Simulation(load, policy, parameters)
        return simulation.run()
    }

    init(_ load: Load, _ policy: some SimulatedPolicy, _ parameters: Parameters) {
        self.load = load
        self.policy = policy
        self.parameters = parameters
        slots = max(1, Int(parameters.bounds.maxInstanceLoad.rounded(.up)))
        random = FastRandom(seed: parameters.seed)
        callMeter = LoadMeter(at: epoch)
        channelMeter = LoadMeter(at: epoch)
        outcome = OutcomeMeter(load: load, bounds: parameters.bounds)
    }

    mutating func run() -> Outcome {
        events.add(.tick, at: policy.interval)
        decide()
        var arrival = 0
        while true {
            let nextArrival = arrival < load.calls.count ? load.calls[arrival].at : .infinity
            let nextEvent = events.next ?? .infinity
            let next = min(nextArrival, nextEvent)
            guard next < load.length else { break }
            pass(next)
            if nextArrival <= nextEvent {
                arrive(load.calls[arrival])
                arrival += 1
            } else if let (_, event) = events.removeFirst() {
                handle(event)
            }
        }
        pass(load.length)
        for call in waiting + instances.flatMap({ $0.queue[$0.head...] }) { outcome.waited(now - call.at) }
        return outcome.outcome(policy: policy.name, starts: instances.count)
    }

    private mutating func pass(_ time: Double) {
        outcome.pass(
            from: now, to: time, calls: openCalls, channels: openChannels, ready: ready.count, alive: alive.count)
        now = time
    }
}
