import LeverCore

/// A whole host in a virtual time: services whose decisions are the real ones (``ServiceMachine``, ``ScalingPolicy``,
/// ``LivenessMonitor``), and around them what the decisions are about, made of chance from one seed: instances that start
/// slowly, fail, crash and fall silent, calls and channels, gates, event loops that hear of everything at different moments,
/// deployments, administrators, and the end of the host itself.
///
/// It knows what really is the case, and after every step it holds the guarantees against it. The first one that does not hold
/// ends the run.
///
/// Parts: the way of calls in `+Calls`, what the host's supervisor does in `+Supervisor`, `+Resources`, `+Scaling` and
/// `+Deployments`, instances in `+Instances`, what happens to the host from outside in `+Acts`, the guarantees in
/// `+Guarantees` and `+Allowances`.
package final class HostWorld {
    /// How large the world is, and how rough.
    package struct Configuration: Sendable {
        /// Decides all that chance decides.
        package var seed: UInt64
        /// How many steps it goes before it comes to rest.
        package var steps = 20_000
        /// How many services there are.
        package var services = 4
        /// How many instances all services may have together.
        package var instances = 40
        /// Whether nothing fails: then no call may either.
        package var isCalm = false

        /// Makes a configuration with the default sizes.
        package init(seed: UInt64) {
            self.seed = seed
        }
    }

    /// What happens at a moment.
    enum Step {
        case input(SimulatedService, run: Int, Input)
        case mail(loop: Int, era: Int, Mail)
        case arrival(SimulatedService)
        case call(SimulatedCall, attempt: Int, CallStep)
        case instance(SimulatedInstance, InstanceStep)
        case act
        case hostStarts
    }

    /// What the supervisor of a service hears.
    enum Input {
        case machine(ServiceMachine.Event)
        case callsWait
        case resourcesWait
        case gateDrained(InstanceID)
        case timer(Int)
        case resourceTimer(Int)
        case look(Int)
        case load
        case takeOver(SimulatedVersion, isRollback: Bool)
        case commit(Int)
    }

    /// Time, steps and chance.
    static let start = ContinuousClock.now
    static let loops = 3

    let configuration: Configuration
    var random: FastRandom
    var now = HostWorld.start
    var queue = EventQueue<Step>()
    var steps = 0
    var services: [SimulatedService] = []
    var views: [[LoopView]] = []
    /// When the last mail to each loop arrives: it comes in order.
    var mailed: [ContinuousClock.Instant]
    var life = ServiceController.Configuration()
    var resources = ResourceDirectory.Configuration()
    var liveness = LivenessMonitor.Configuration()
    var terminationGrace = Duration.seconds(10)
    var term: UInt32 = 1
    var isUp = true
    /// Counts the runs of the host, so that what was on its way in an earlier one does not arrive.
    var era = 0
    /// The versions of each service whose code is kept.
    var kept: [[Int: SimulatedVersion]] = []
    /// All instances whose processes are there, in the order of their starts.
    var processes: [SimulatedInstance] = []
    var calls: [SimulatedCall] = []
    var callCount = 0
    /// How many calls are kept before those that have ended are forgotten.
    var callsToKeep = 1_024
    /// No more calls come, nothing goes wrong any more, and what goes on comes to its end.
    var isQuiet = false
    var counts: [String: Int] = [:]
    var mostProcesses = 0
    var trail: [TrailEntry] = []
    var trailEnd = 0
    /// The first thing that was wrong.
    var fault: String?

    /// Makes a world in which nothing has happened.
    package init(_ configuration: Configuration) {
        self.configuration = configuration
        random = FastRandom(seed: configuration.seed)
        mailed = Array(repeating: Self.start, count: Self.loops)
        life.instanceStartTimeout = .seconds(15)
        resources.handOversAtOnce = configuration.seed % 3 == 0 ? 2 : 32
        resources.maximumResources = configuration.isCalm ? 100_000 : 60 + configuration.instances * 4
        resources.resourceIdleTimeout = .seconds(20 + Int(configuration.seed % 40))
        for index in 0..<max(1, configuration.services) {
            // A name that is a good one.
            let id = ServiceID(environment: .admin, service: try! ServiceName("service\(index + 1)"))
            services.append(SimulatedService(index: index, id: id, policy: makePolicy(), at: now))
        }
        kept = Array(repeating: [:], count: services.count)
        views = Array(repeating: Array(repeating: LoopView(), count: services.count), count: Self.loops)
    }

    // MARK: The run

    /// Runs to the end, or to the first fault.
    package func run() -> Outcome {
        for service in services {
            upload(service, within: 1_000)
            add(.arrival(service), in: pick(0...2_000))
        }
        add(.act, in: 1_000)
        while steps < configuration.steps, step() {}
        if fault == nil { comeToRest() }
        return Outcome(
            fault: fault, steps: steps, time: now - Self.start, counts: counts, mostInstances: mostProcesses,
            trail: fault == nil ? [] : lastSteps())
    }

    /// Performs the next step; `false` where there is none, or something is wrong.
    func step() -> Bool {
        guard fault == nil, let (time, step) = queue.removeFirst() else { return false }
        now = max(now, time)
        steps += 1
        if isWorthNoting(step) { note(.step(now, step)) }
        perform(step)
        return fault == nil
    }

    private func perform(_ step: Step) {
        switch step {
        case .input(let service, let run, let input):
            if service.run == run, service.machine != nil { take(input, service) }
        case .mail(let loop, let era, let mail): if era == self.era { deliver(mail, to: loop) }
        case .arrival(let service): arrive(service)
        case .call(let call, let attempt, let step):
            if call.attempt == attempt, call.state != .ended { perform(step, call) }
        case .instance(let instance, let step): perform(step, instance)
        case .act: act()
        case .hostStarts: hostStarts()
        }
    }

    private func comeToRest() {
        beQuiet()
        let end = now + .seconds(600)
        let limit = steps + 400 * configuration.steps + 4_000_000
        while now < end, step() {
            if steps > limit { wrong("it does not come to rest") }
        }
        checkRest()
    }

    // MARK: Chance and time

    func add(_ step: Step, in microseconds: Int) {
        queue.add(step, at: now + .microseconds(microseconds))
    }

    func add(_ step: Step, after time: Duration) {
        queue.add(step, at: now + time)
    }

    /// Tells the supervisor of a service something, a little later.
    func tell(_ service: SimulatedService, _ input: Input, within microseconds: Int = 3_000) {
        add(.input(service, run: service.run, input), in: pick(0...microseconds))
    }

    func chance(_ percent: Double) -> Bool {
        Double(random.next() >> 11) * 0x1p-53 < percent / 100
    }

    /// Chance of what should not happen: never in a calm world, nor at its end.
    func mishap(_ percent: Double) -> Bool {
        !configuration.isCalm && !isQuiet && chance(percent)
    }

    func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next(upperBound: UInt64(range.count)))
    }

    func pick<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[pick(0...elements.count - 1)]
    }

    func milliseconds(_ range: ClosedRange<Int>) -> Duration { .milliseconds(pick(range)) }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    func makePolicy() -> any ScalingPolicy {
        var configuration = TargetLoadPolicy.Configuration()
        configuration.quietTime = .seconds(8)
        configuration.maxQuietTime = .seconds(40)
        configuration.idleTime = .seconds(20)
        configuration.maxIdleTime = .seconds(60)
        return TargetLoadPolicy(configuration: configuration)
    }
}
