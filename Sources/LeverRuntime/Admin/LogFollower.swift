import LeverCore

/// Sends what the instances of a service, or of all services of an environment, write over one channel.
///
/// It reads the instances' own logs, which are bounded, and keeps nothing of them: an instance never waits for it. Where it is
/// slower than an instance it reads what was kept in files meanwhile, and where that is not all, says how many lines are missing.
struct LogFollower {
    /// Whose instances.
    enum Scope: Sendable {
        case service(ServiceID)
        case environment(EnvironmentName)
    }

    /// How often it is looked whether there are new instances.
    private static let interval: Duration = .milliseconds(250)
    /// Lines of one instance that are sent before others have their turn.
    private static let turn = 64
    /// The most lines that are read from files for an instance at once.
    private static let caughtUp = 10_000

    /// A log that may get more lines.
    private struct Followed {
        var service: ServiceID
        var log: OutputLog
        /// The number of the last line that was sent.
        var sent: Int
    }

    let archive: OutputArchive
    let control: any ServiceControl
    let scope: Scope
    let instance: InstanceID?
    let channel: any RPCChannel
    private var logs: [InstanceID: Followed] = [:]
    /// All instances that were ever among them.
    private var seen: Set<InstanceID> = []

    init(
        archive: OutputArchive, control: any ServiceControl, scope: Scope, instance: InstanceID?,
        channel: any RPCChannel
    ) {
        self.archive = archive
        self.control = control
        self.scope = scope
        self.instance = instance
        self.channel = channel
    }

    /// The services whose instances are remembered.
    private var services: [ServiceID] {
        switch scope {
        case .service(let id): [id]
        case .environment(let name): archive.services(in: name)
        }
    }

    private func outputs(of service: ServiceID) -> [OutputArchive.Output] {
        archive.outputs(of: service).filter { instance == nil || $0.instance == instance }
    }

    // MARK: The past

    /// Sends the last lines, of all instances in the order of their times.
    mutating func sendPast(since: Double, lines: Int) async throws {
        var services = Set(services)
        if case .environment(let name) = scope { services.formUnion(try await archive.logs?.services(in: name) ?? []) }
        var past: [(service: ServiceID, entry: LogHistory.Entry)] = []
        for service in services { past += try await remember(service, since, lines).map { (service, $0) } }
        if let instance, past.isEmpty, seen.isEmpty, try await !isKnown(instance, services) {
            throw RPCError(.noResource, "nothing is kept of an instance \"\(instance)\" of \(described)")
        }
        try await channel.accept()
        // The sort is stable, so that lines of one instance stay in order.
        past.sort { $0.entry.time < $1.entry.time }
        for (service, entry) in past.suffix(lines) { try await send(entry, of: service) }
    }

    /// What the instances of a service wrote until now; what they write from now on is followed.
    private mutating func remember(
        _ service: ServiceID, _ since: Double, _ lines: Int
    ) async throws -> [LogHistory.Entry] {
        // The memory before the files, so that what leaves it meanwhile is in them.
        var memories: [LogHistory.Memory] = []
        for output in outputs(of: service) {
            let batch = output.log.newest(.max)
            memories.append(LogHistory.Memory(instance: output.instance, batch: batch))
            logs[output.instance] = Followed(service: service, log: output.log, sent: batch.last)
            seen.insert(output.instance)
        }
        guard lines > 0 else { return [] }
        let kept = try await archive.logs?.kept(service, instance: instance, since: since, limit: lines) ?? []
        return LogHistory.entries(memories, kept, since: since).suffix(lines)
    }

    private func isKnown(_ instance: InstanceID, _ services: Set<ServiceID>) async throws -> Bool {
        for service in services {
            if try await archive.logs?.kept(service, instance: instance, limit: 1).isEmpty == false { return true }
        }
        return false
    }

    private var described: String {
        switch scope {
        case .service(let id): "\(id)"
        case .environment(let name): "environment \(name)"
        }
    }

    // MARK: What comes

    private enum Signal {
        /// An instance has written, or has ended.
        case output
        /// It is time to look for new instances.
        case look
    }

    /// Sends what comes until the service or the environment is gone or the host ends.
    mutating func follow() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(64))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { [control, scope] in
                // That ends when the host does.
                for await batch in control.events.subscribe(after: control.events.last) {
                    if batch.elements.contains(where: { Self.ends(scope, $0) }) { break }
                }
                signal.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    signal.yield(.look)
                }
            }
            for followed in logs.values { watch(followed.log, after: followed.sent, signal, &group) }
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

    private static func ends(_ scope: Scope, _ event: HostEvent) -> Bool {
        guard case .environment(let name) = scope else { return false }
        return event.kind == .environmentRemoved && event.environment == name
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
        if case .service(let id) = scope, await control.standing(of: id) == nil { return nil }
        let outputs: [(service: ServiceID, output: OutputArchive.Output)] = services.flatMap { service in
            self.outputs(of: service).map { (service, $0) }
        }
        // What is not there any more has ended: its last lines, and then it is forgotten.
        let listed = Set(outputs.map(\.output.instance))
        if !listed.isSuperset(of: logs.keys) { try await sendAll() }
        for id in logs.keys where !listed.contains(id) { logs[id] = nil }
        seen.formIntersection(listed)
        let new = outputs.filter { !seen.contains($0.output.instance) }
        for (service, output) in new {
            logs[output.instance] = Followed(service: service, log: output.log, sent: 0)
            seen.insert(output.instance)
        }
        return new.map(\.output.log)
    }

    /// Sends the lines that have not been sent, the instances by turns.
    private mutating func sendAll() async throws {
        var hasMore = true
        while hasMore {
            hasMore = false
            for (id, known) in logs {
                let batch = known.log.read(after: known.sent, limit: Self.turn)
                if batch.dropped > 0 { try await catchUp(id, known, missing: batch.dropped) }
                for line in batch.elements { try await send(line.text, at: line.time, of: id, known.service) }
                logs[id]?.sent = batch.last
                hasMore = hasMore || batch.elements.count == Self.turn
            }
        }
    }

    /// Sends what the memory of an instance has lost since something was sent, as far as it was kept.
    private func catchUp(_ id: InstanceID, _ known: Followed, missing: Int) async throws {
        let range = (known.sent + 1)...(known.sent + missing)
        // The newest of them are the last of what was written by now.
        let limit = min(missing + known.log.lastNumber - range.upperBound, Self.caughtUp)
        let kept = try await archive.logs?.kept(known.service, instance: id, limit: limit) ?? []
        for entry in LogHistory.entries(of: id, range, in: kept) { try await send(entry, of: known.service) }
    }

    // MARK: Messages

    private func send(_ entry: LogHistory.Entry, of service: ServiceID) async throws {
        switch entry.content {
        case .line(let text): try await send(text, at: entry.time, of: entry.instance, service)
        case .missing(let count):
            try await send(["dropped": .number(Double(count))], of: entry.instance, service)
        }
    }

    private func send(_ text: String, at time: Double, of id: InstanceID, _ service: ServiceID) async throws {
        try await send(["time": .number(time), "line": .string(text)], of: id, service)
    }

    private func send(_ members: LeverObject, of id: InstanceID, _ service: ServiceID) async throws {
        var message: LeverObject = ["instance": .string(id.rawValue)]
        // Whoever asked for one service knows it.
        if case .environment = scope { message["service"] = .string(service.service.rawValue) }
        for (key, value) in members { message[key] = value }
        try await channel.send(.value(.object(message)))
    }
}
