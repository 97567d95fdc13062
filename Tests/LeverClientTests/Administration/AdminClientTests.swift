import LeverClient
import LeverCore
import LeverTransport
import Testing

@Suite struct AdminClientTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    private func admin(_ handler: RecordingHandler) -> AdminClient {
        LeverClient(transport: InProcessTransport(handler: handler)).admin()
    }

    @Test func everyMethodHasItsArguments() async throws {
        let resource: LeverValue = ["resource": "r", "phase": "active", "instance": "a", "epoch": 4_294_967_297]
        let scaling: LeverValue = [
            "maxInstanceLoad": 10, "minInstances": 2, "maxInstances": 10, "channelLoad": 0.01, "overridden": true,
        ]
        let handler = RecordingHandler(unary: { context, _ in
            switch context.url.method.rawValue {
            case "ListServices", "ListInstances", "ListEnvironments", "Prune": .result([])
            case "ListVersions": .result(["versions": [], "history": []])
            case "ListResources": .result(["resources": [resource], "next": "r"])
            case "WhereResource", "MoveResource": .result(resource)
            case "SetScaling": .result(scaling)
            case "AddEnvironment": .result(true)
            default: .result(nil)
            }
        })
        let admin = admin(handler)
        let shop = try EnvironmentName("shop.lever")
        #expect(try await admin.services().isEmpty)
        #expect(try await admin.services(in: shop).isEmpty)
        #expect(try await admin.versions(of: hello).versions.isEmpty)
        try await admin.remove(hello)
        let change = AdminClient.ScalingChange(minInstances: 2)
        #expect(try await admin.setScaling(of: hello, change).overridden)
        try await admin.setScaling(of: hello, nil)
        #expect(try await admin.instances().isEmpty)
        #expect(try await admin.instances(of: hello).isEmpty)
        try await admin.drain(InstanceID("a"), of: hello)
        #expect(try await admin.resources(of: hello, prefix: "p", after: "q", limit: 7).next == "r")
        #expect(try await admin.resource("r", of: hello).epoch == 4_294_967_297)
        #expect(try await admin.move("r", of: hello).instance == "a")
        try await admin.move("r", of: hello, to: InstanceID("b"))
        #expect(try await admin.environments().isEmpty)
        #expect(try await admin.addEnvironment(shop))
        try await admin.removeEnvironment(shop, force: true)
        #expect(try await admin.prune().isEmpty)

        let calls = handler.calls.map { ($0.context.url.method.rawValue, $0.arguments) }
        let expected: [(String, [LeverValue])] = [
            ("ListServices", [.null]), ("ListServices", ["shop.lever"]), ("ListVersions", ["dev.lever", "hello"]),
            ("RemoveService", ["dev.lever", "hello"]),
            ("SetScaling", ["dev.lever", "hello", ["minInstances": 2]]),
            ("SetScaling", ["dev.lever", "hello", .null]), ("ListInstances", [.null]),
            ("ListInstances", ["dev.lever", "hello"]), ("DrainInstance", ["dev.lever", "hello", "a"]),
            ("ListResources", ["dev.lever", "hello", ["prefix": "p", "after": "q", "limit": 7]]),
            ("WhereResource", ["dev.lever", "hello", "r"]), ("MoveResource", ["dev.lever", "hello", "r", .null]),
            ("MoveResource", ["dev.lever", "hello", "r", "b"]), ("ListEnvironments", []),
            ("AddEnvironment", ["shop.lever"]), ("RemoveEnvironment", ["shop.lever", true]),
            ("Prune", []),
        ]
        #expect(calls.count == expected.count)
        for (call, expected) in zip(calls, expected) {
            #expect(call.0 == expected.0 && call.1 == .values(expected.1), "\(call)")
        }
        #expect(handler.calls.allSatisfy { $0.context.url.environment == .admin })
    }

    @Test func answersOfANewerHostAreUnderstoodAndOthersNamed() async throws {
        let handler = RecordingHandler(unary: { context, _ in
            context.url.method.rawValue == "ListInstances"
                ? .result([
                    [
                        "environment": "dev.lever", "service": "hello", "instance": "hello-1", "version": 3,
                        "state": "hibernating", "responsive": true, "calls": 0, "resources": 1, "age": 2.5, "new": [1],
                    ]
                ]) : .result("something else")
        })
        let instances = try await admin(handler).instances()
        // One that does not know of the parts of a start says nothing of them.
        #expect(instances.first?.startTime == nil && instances.first?.startPhases == nil)
        #expect(instances.first?.state == "hibernating" && instances.first?.id == InstanceID("hello-1"))
        let error = await #expect(throws: RPCError.self) { try await admin(handler).services() }
        #expect(error?.message.contains("ListServices") == true)
    }

    @Test func errorsOfTheHostComeAsTheyAre() async throws {
        let handler = RecordingHandler(unary: { _, _ in throw RPCError(.conflict, "services are in it") })
        let error = await #expect(throws: RPCError.self) { try await admin(handler).removeEnvironment(.default) }
        #expect(error?.reason == .conflict && error?.message == "services are in it")
    }

    @Test func aRollbackSaysHowFarItHasCome() async throws {
        let handler = RecordingHandler(channel: { _, arguments, channel in
            guard case .values(let values) = arguments, values.last == 7 else {
                return try await channel.send(.error("it does not start"))
            }
            try await channel.send(.value(["phase": "starting", "message": "version 7 starts"]))
            try await channel.send(.value(["something": "else"]))
            try await channel.send(.value(["phase": "live", "service": "hello", "version": 7]))
        })
        let events = EventsHeard()
        let live = try await admin(handler).rollback(hello, to: 7, progress: events.add)
        #expect(live == Deployment(environment: .default, service: hello.service, version: 7))
        #expect(events.all == [.phase("starting", message: "version 7 starts")])
        let error = await #expect(throws: RemoteError.self) { try await admin(handler).rollback(hello) }
        #expect(error?.value == "it does not start")
        #expect(handler.calls.last?.arguments == .values(["dev.lever", "hello", .null]))
    }

    @Test func feedsGiveEntriesAndWhatIsMissing() async throws {
        let handler = RecordingHandler(channel: { context, _, channel in
            if context.url.method.rawValue == "EventsChan" {
                try await channel.send(
                    .value([
                        "number": 9, "time": 1.5, "kind": "scaled", "environment": "dev.lever", "service": "hello",
                        "instance": .null, "message": "why",
                    ]))
                throw RPCError(.shuttingDown, "the host is shutting down")
            }
            try await channel.send(.value(["instance": "a", "dropped": 3]))
            try await channel.send(.value(["instance": "a", "time": 2, "line": "text"]))
        })
        var lines: [String] = []
        for try await message in try await admin(handler).logs(of: hello, lines: 5, since: 1, follow: true) {
            switch message {
            case .entry(let line): lines.append(line.line)
            case .dropped(let count): lines.append("\(count) missing")
            }
        }
        #expect(lines == ["3 missing", "text"])
        let options: LeverValue = ["instance": .null, "lines": 5, "since": 1, "follow": true]
        #expect(handler.calls.last?.arguments == .values(["dev.lever", "hello", options]))

        _ = try await admin(handler).logs(in: .default, instance: InstanceID("a"))
        let all: LeverValue = ["instance": "a", "lines": 100, "since": .null, "follow": false]
        #expect(handler.calls.last?.arguments == .values(["dev.lever", .null, all]))

        var events: [AdminClient.Event] = []
        let error = await #expect(throws: RPCError.self) {
            for try await message in try await admin(handler).events() {
                if case .entry(let event) = message { events.append(event) }
            }
        }
        #expect(error?.reason == .shuttingDown)
        #expect(events.map(\.number) == [9] && events.first?.instance == nil && events.first?.service == "hello")
    }
}
