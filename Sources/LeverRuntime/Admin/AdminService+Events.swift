import LeverCore

// What the host does, as it does it.
extension AdminService {
    func events(_ arguments: AdminArguments, _ channel: any RPCChannel) async throws {
        var arguments = arguments
        let options = try arguments.options(["environment", "service", "after", "lines", "follow"])
        try arguments.end()
        let filter = try EventFilter(options)
        let lines = try options.integer("lines", in: 0...1_000_000) ?? 100
        let after = try options.integer("after", in: 0...(1 << 53))
        let isFollowing = try options.flag("follow")
        try await channel.accept()

        let log = control.events
        let past = after.map { log.read(after: $0) } ?? log.newest(.max)
        // What was overwritten is missed only by whoever had read up to somewhere.
        if after != nil { try await send(dropped: past.dropped, over: channel) }
        let matching = past.elements.filter(filter.takes)
        for event in after == nil ? matching.suffix(lines) : matching[...] {
            try await channel.send(.value(Self.value(event)))
        }
        guard isFollowing else { return }
        for await batch in log.subscribe(after: past.last) {
            try await send(dropped: batch.dropped, over: channel)
            for event in batch.elements where filter.takes(event) {
                try await channel.send(.value(Self.value(event)))
            }
        }
    }

    private func send(dropped: Int, over channel: any RPCChannel) async throws {
        guard dropped > 0 else { return }
        try await channel.send(.value(["dropped": .number(Double(dropped))]))
    }

    private static func value(_ event: HostEvent) -> LeverValue {
        [
            "number": .number(Double(event.number)), "time": .number(event.time), "kind": .string(event.kind.token),
            "environment": .string(event.environment.rawValue),
            "service": event.service.map { .string($0.rawValue) } ?? .null,
            "instance": event.instance.map { .string($0.rawValue) } ?? .null, "message": .string(event.message),
        ]
    }
}

/// Which events somebody wants.
private struct EventFilter {
    var environment: EnvironmentName?
    var service: ServiceName?

    init(_ options: AdminOptions) throws(RPCError) {
        if let text = try options.text("environment") { environment = try EnvironmentName(text) }
        if let text = try options.text("service") { service = try ServiceName(text) }
        guard service == nil || environment != nil else {
            throw RPCError(.badMessage, "the option \"service\" of EventsChan needs the option \"environment\"")
        }
    }

    func takes(_ event: HostEvent) -> Bool {
        (environment == nil || environment == event.environment) && (service == nil || service == event.service)
    }
}
