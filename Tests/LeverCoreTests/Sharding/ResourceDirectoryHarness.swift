import LeverCore

/// A directory on a clock that only the test moves.
struct ResourceDirectoryHarness {
    var directory: ResourceDirectory
    var now = ContinuousClock.now
    let room = ResourceID("room/1")
    let first = InstanceID("i-1")
    let second = InstanceID("i-2")

    init(
        ready: [Int] = [1], placement: any ResourcePlacement = LeastLoadedPlacement(),
        _ change: (inout ResourceDirectory.Configuration) -> Void = { _ in }
    ) {
        var configuration = ResourceDirectory.Configuration()
        change(&configuration)
        // A literal that is a good name.
        let service = ServiceID(environment: .default, service: try! ServiceName("hello"))
        directory = ResourceDirectory(
            service: service, liveVersion: 1, epochs: EpochGenerator(term: 1), placement: placement,
            configuration: configuration)
        for number in ready { _ = self(.instanceReady(InstanceID("i-\(number)"), version: 1)) }
    }

    /// Feeds an event; returns what is to be done, the wishes for the timer left out.
    mutating func callAsFunction(_ event: ResourceDirectory.Event) -> [ResourceDirectory.Action] {
        directory.handle(event, at: now).filter { if case .wake = $0 { false } else { true } }
    }

    /// Moves the clock and lets the timer fire.
    mutating func pass(_ time: Duration) -> [ResourceDirectory.Action] {
        now += time
        return self(.timer)
    }

    /// The epoch with a number, counted in the order of activations.
    func epoch(_ number: UInt32) -> Epoch { Epoch(term: 1, counter: number) }

    /// An activation by the numbers of its instance and epoch.
    func activation(_ instance: Int, _ epoch: UInt32) -> Activation {
        Activation(instance: InstanceID("i-\(instance)"), epoch: self.epoch(epoch))
    }

    /// Brings up the first activation, on the first instance.
    mutating func makeActive() {
        _ = self(.callsWaiting(room))
        _ = self(.opened(room, epoch(1)))
    }

    /// Brings up many resources, `r0`, `r1`, …, each with the epoch of its number plus one.
    mutating func makeActive(count: Int) {
        for number in 0..<count {
            _ = self(.callsWaiting(ResourceID("r\(number)")))
            _ = self(.opened(ResourceID("r\(number)"), epoch(UInt32(number) + 1)))
        }
    }

    var phase: ActivationMachine.Phase { directory.standing(of: room)?.phase ?? .inactive }
}

extension [ResourceDirectory.Action] {
    /// The error that waiting calls are failed with.
    var waitingError: RPCError? {
        for case .failWaiters(_, let error) in self { return error }
        return nil
    }

    /// The error that a move failed with.
    var moveError: RPCError? {
        for case .moveFailed(_, let error) in self { return error }
        return nil
    }

    /// How often `CloseResource` or a probing of gates was asked for.
    var gateClosings: [ResourceID] {
        compactMap { if case .closeGate(let resource, _, _) = $0 { resource } else { nil } }
    }
}
