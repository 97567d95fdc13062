import LeverCore

// What instances write.
extension AdminService {
    func logs(_ arguments: AdminArguments, _ channel: any RPCChannel) async throws {
        var arguments = arguments
        let id = try arguments.service()
        let options = try arguments.options(["instance", "since", "lines", "follow"])
        try arguments.end()
        let instance = try options.text("instance").map { InstanceID($0) }
        let since = try options.number("since", in: 0...1e12) ?? 0
        let lines = try options.integer("lines", in: 0...1_000_000) ?? 100
        let isFollowing = try options.flag("follow")
        try await administrator.check(id)
        var follower = LogFollower(
            archive: archive, control: control, service: id, instance: instance, channel: channel)
        try await follower.sendPast(since: since, lines: lines)
        if isFollowing { try await follower.follow() }
    }
}

/// Sends what the instances of a service write over one channel.
///
/// It reads the instances' own logs, which are bounded, and keeps nothing of them: an instance never waits for it, and where it
/// is slower than an instance it says how many lines are missing.
private struct LogFollower {
    /// How often it is looked whether there are new instances.
    private static let interval: Duration = .milliseconds(250)
    /// Lines of one instance that are sent before others have their turn.
    private static let turn = 64

    let archive: OutputArchive
    let control: any ServiceControl
    let service: ServiceID
    let instance: InstanceID?
    let channel: any RPCChannel
    /// The logs that may get more lines, each with the number of the last line that was sent.
    private var logs: [InstanceID: (log: OutputLog, sent: Int)] = [:]
    /// All instances that were ever among them.
    private var seen: Set<InstanceID> = []

    init(
        archive: OutputArchive, control: any ServiceControl, service: ServiceID, instance: InstanceID?,
        channel: any RPCChannel
    ) {
        self.archive = archive
        self.control = control
        self.service = service
        self.instance = instance
        self.channel = channel
    }

    private var outputs: [OutputArchive.Output] {
        archive.outputs(of: service).filter { instance == nil || $0.instance == instance }
    }

    /// Sends the last lines, of all instances in the order of their times.
    mutating func sendPast(since: Double, lines: Int) async throws {
        let outputs = outputs
        if let instance, outputs.isEmpty {
            throw RPCError(.noResource, "nothing is kept of an instance \"\(instance)\" of \(service)")
        }
        try await channel.accept()
        var past: [(instance: InstanceID, line: OutputLine)] = []
        for output in outputs {
            let newest = output.log.newest(.max)
            logs[output.instance] = (output.log, newest.last)
            seen.insert(output.instance)
            past += newest.elements.filter { $0.time >= since }.map { (output.instance, $0) }
        }
        // The sort is stable, so that lines of one instance stay in order.
        past.sort { $0.line.time < $1.line.time }
        for (id, line) in past.suffix(lines) { try await send(line, of: id) }
    }

    private enum Signal {
        /// An instance has written, or has ended.
        case output
        /// It is time to look for new instances.
        case look
    }

    /// Sends what comes until the service is gone or the host ends.
    mutating func follow() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(64))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { [control] in
                // That ends when the host does.
                for await _ in control.events.subscribe(after: control.events.last) {}
                signal.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    signal.yield(.look)
                }
            }
            for (log, sent) in logs.values { watch(log, after: sent, signal, &group) }
            for await next in signals {
                if case .look = next {
                    guard let found = try await look() else { break }
                    for log in found { watch(log, after: 0, signal, &group) }
                }
                try await sendAll()
            }
            // What was written last.
            try await sendAll()
        }
    }

    private func watch(
        _ log: OutputLog, after number: Int, _ signal: AsyncStream<Signal>.Continuation,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        group.addTask {
            var last = number
            while let number = await log.changed(after: last) {
                last = number
                signal.yield(.output)
            }
            signal.yield(.output)
        }
    }

    /// Takes in new instances; `nil` once the service is gone.
    private mutating func look() async throws -> [OutputLog]? {
        guard await control.standing(of: service) != nil else { return nil }
        let outputs = outputs
        // What is not there any more has ended: its last lines, and then it is forgotten.
        let listed = Set(outputs.map(\.instance))
        if !listed.isSuperset(of: logs.keys) { try await sendAll() }
        for id in logs.keys where !listed.contains(id) { logs[id] = nil }
        seen.formIntersection(listed)
        let new = outputs.filter { !seen.contains($0.instance) }
        for output in new {
            logs[output.instance] = (output.log, 0)
            seen.insert(output.instance)
        }
        return new.map(\.log)
    }

    /// Sends the lines that have not been sent, the instances by turns.
    private mutating func sendAll() async throws {
        var hasMore = true
        while hasMore {
            hasMore = false
            for (id, known) in logs {
                let batch = known.log.read(after: known.sent, limit: Self.turn)
                if batch.dropped > 0 {
                    let dropped: LeverValue = [
                        "instance": .string(id.rawValue), "dropped": .number(Double(batch.dropped)),
                    ]
                    try await channel.send(.value(dropped))
                }
                for line in batch.elements { try await send(line, of: id) }
                logs[id]?.sent = batch.last
                hasMore = hasMore || batch.elements.count == Self.turn
            }
        }
    }

    private func send(_ line: OutputLine, of id: InstanceID) async throws {
        let value: LeverValue = [
            "instance": .string(id.rawValue), "time": .number(line.time), "line": .string(line.text),
        ]
        try await channel.send(.value(value))
    }
}
