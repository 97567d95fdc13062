import LeverCore
import Testing

/// A host in miniature around a ``ResourceDirectory``: instances that crash, hang and answer late, calls and channels that
/// come and go, gates, a routing table, and messages that overtake each other. It knows what really is the case (which
/// instance may act for which resource), holds the directory's decisions against it, and takes all chance from a seed.
final class ResourceWorld {
    struct Instance {
        let version: Int
        var isReady = false
        var isDraining = false
        var isCondemned = false
        /// Resources that the instance may act for: from the moment `NewResource` is sent to it until it has answered
        /// `CloseResource`, whatever the directory believes.
        var holds: [ResourceID: Epoch] = [:]
    }

    struct Route {
        let activation: Activation
        var closing: GateClosing?
        var isClosed = false
        /// Calls inside, and whether each is a channel.
        var inside: [Int: Bool] = [:]
    }

    enum Task {
        case tell(ResourceDirectory.Event)
        case newCall
        case endCall(ResourceID, Epoch, Int)
        case answerClose(ResourceID, Activation)
        case answerNew(ResourceID, Activation, RPCError?)
        case becomeReady(InstanceID)
        case die(InstanceID)
        case act
    }

    static let start = ContinuousClock.now

    let seed: UInt64
    var random: FastRandom
    var directory: ResourceDirectory
    var now = ResourceWorld.start
    var queue: [(time: ContinuousClock.Instant, order: Int, task: Task)] = []
    var order = 0

    var instances: [InstanceID: Instance] = [:]
    /// The ids in the order of their starts: dictionaries have no order that a seed decides.
    var ids: [InstanceID] = []
    var liveVersion = 1
    var routes: [ResourceID: Route] = [:]
    var waiting: [ResourceID: [Int: ContinuousClock.Instant]] = [:]
    /// Resources for which the word that calls wait is on its way.
    var asking: Set<ResourceID> = []
    var movesAsked: [ResourceID: Int] = [:]
    var lastEpoch: Epoch?
    var calls = 0
    var isQuiet = false
    var hasStopped = false
    var counts: [String: Int] = [:]
    /// The first thing that was wrong; the run ends there.
    var fault: String?

    init(seed: UInt64) {
        self.seed = seed
        random = FastRandom(seed: seed)
        var configuration = ResourceDirectory.Configuration()
        configuration.handOversAtOnce = 2 + Int(seed % 4)
        configuration.maximumResources = 40
        let placement: any ResourcePlacement = seed % 2 == 0 ? LeastLoadedPlacement() : RendezvousPlacement()
        directory = ResourceDirectory(
            service: .admin, liveVersion: 1, epochs: EpochGenerator(term: 7), placement: placement,
            configuration: configuration)
    }

    // MARK: Chance and time

    func chance(_ percent: Int) -> Bool { random.next(upperBound: UInt64(100)) < UInt64(percent) }

    func pick(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(random.next(upperBound: UInt64(range.count)))
    }

    func pick<Element>(of elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[pick(0...elements.count - 1)]
    }

    func schedule(_ task: Task, in milliseconds: Int) {
        order += 1
        let time = now + .milliseconds(milliseconds)
        var (low, high) = (0, queue.count)
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].time > time { low = middle + 1 } else { high = middle }
        }
        queue.insert((time, order, task), at: low)
    }

    /// Tells the directory something, a little later, and sometimes twice.
    func tell(_ event: ResourceDirectory.Event, within milliseconds: Int = 40) {
        schedule(.tell(event), in: pick(0...milliseconds))
        switch event {
        case .opened, .openFailed, .openUnanswered, .idle, .drained, .closeAnswered, .closeUnanswered, .instanceDied:
            if chance(10) {
                count("told twice")
                schedule(.tell(event), in: pick(0...40_000))
            }
        default: break
        }
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    func wrong(_ text: @autoclosure () -> String) {
        if fault == nil { fault = "seed \(seed), \(now - Self.start) in: \(text())" }
    }

    /// Runs until nothing is left to do or the time is over.
    func run(for time: Duration) {
        let end = now + time
        var steps = 0
        while fault == nil, let next = queue.last, next.time <= end {
            queue.removeLast()
            now = max(now, next.time)
            steps += 1
            if steps > 200_000 { wrong("it goes round in circles: \(next.task)") }
            perform(next.task)
            checkInvariants()
        }
        now = max(now, end)
    }

    private func perform(_ task: Task) {
        switch task {
        case .tell(let event): handle(event)
        case .newCall: newCall()
        case .endCall(let resource, let epoch, let call): endCall(resource, epoch, call)
        case .answerClose(let resource, let activation): answerClose(resource, activation)
        case .answerNew(let resource, let activation, let error): answerNew(resource, activation, error)
        case .becomeReady(let id): becomeReady(id)
        case .die(let id): die(id, how: "signal 9 ended it")
        case .act: act()
        }
    }

    func handle(_ event: ResourceDirectory.Event) {
        if case .callsWaiting(let resource) = event { asking.remove(resource) }
        for action in directory.handle(event, at: now, load: load) { carryOut(action) }
    }

    private func load(_ id: InstanceID) -> Int {
        routes.values.reduce(0) { $0 + ($1.activation.instance == id ? $1.inside.count : 0) }
    }

    // MARK: What must hold after every step

    private func checkInvariants() {
        var held: [ResourceID: InstanceID] = [:]
        for (id, instance) in instances {
            for resource in instance.holds.keys {
                if let other = held[resource] { wrong("\(resource) is on \(other) and \(id) at once") }
                held[resource] = id
            }
        }
        for (resource, calls) in waiting {
            // Each stage that a call can wait for has its own limit: drain, close, an instance's start, NewResource.
            for (call, since) in calls where now - since > .seconds(150) {
                wrong("call \(call) for \(resource) waits since \(since - Self.start)")
            }
        }
        var resources: [InstanceID: Int] = [:]
        for standing in directory.standings {
            if let instance = standing.activation?.instance { resources[instance, default: 0] += 1 }
        }
        for instance in directory.knownInstances where instance.resources != resources[instance.id] ?? 0 {
            wrong("\(instance.id) is said to hold \(instance.resources) resources, not \(resources[instance.id] ?? 0)")
        }
    }
}
