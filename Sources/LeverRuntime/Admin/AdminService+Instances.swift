import LeverCore

// Instances and resources.
extension AdminService {
    func listInstances(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let environment = try arguments.optionalEnvironment()
        let name = try arguments.optionalText("the service")
        try arguments.end()
        guard let environment else {
            guard name == nil else {
                throw RPCError(.badMessage, "argument 1 of ListInstances, the environment, is missing")
            }
            return .array(await control.standings().flatMap(\.instances).map(Self.value))
        }
        try await check(environment)
        guard let name else {
            let standings = await control.standings().filter { $0.id.environment == environment }
            return .array(standings.flatMap(\.instances).map(Self.value))
        }
        let id = ServiceID(environment: environment, service: try ServiceName(name))
        try await administrator.check(id)
        return .array((await control.standing(of: id)?.instances ?? []).map(Self.value))
    }

    func drainInstance(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        let instance = InstanceID(try arguments.text("the instance"))
        try arguments.end()
        _ = try await administrator.record(of: id)
        try await control.drain(instance, of: id)
        return .null
    }

    static func value(_ instance: InstanceStanding) -> LeverValue {
        [
            "environment": .string(instance.service.environment.rawValue),
            "service": .string(instance.service.service.rawValue),
            "instance": .string(instance.id.rawValue), "version": .number(Double(instance.version)),
            "state": .string(instance.state.word), "responsive": .bool(instance.isResponsive),
            "calls": .number(Double(instance.calls)), "resources": .number(Double(instance.resources)),
            "age": .number(instance.age / .seconds(1)),
            "startTime": instance.startTime.map { .number($0 / .seconds(1)) } ?? .null,
            "startPhases": .array(
                instance.startPhases.map { ["phase": .string($0.name), "time": .number($0.duration / .seconds(1))] }),
        ]
    }

    // MARK: Resources

    func listResources(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        let options = try arguments.options(["prefix", "after", "limit"])
        try arguments.end()
        let limit = try options.integer("limit", in: 1...1_000) ?? 100
        let prefix = try options.text("prefix") ?? ""
        let after = try options.text("after").map { ResourceID($0) }
        try await administrator.check(id)
        // One more than asked for says whether there are more.
        let found = try await control.resources(of: id, prefix: prefix, after: after, limit: limit + 1)
        return [
            "resources": .array(found.prefix(limit).map(Self.value)),
            "next": found.count > limit ? .string(found[limit - 1].resource.rawValue) : .null,
        ]
    }

    func whereResource(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        let resource = try arguments.resource()
        try arguments.end()
        try await administrator.check(id)
        let standing = try await control.resource(resource, of: id)
        return Self.value(
            standing ?? ResourceStanding(resource: resource, phase: .inactive, instance: nil, epoch: nil, calls: 0))
    }

    func moveResource(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        let resource = try arguments.resource()
        let instance = try arguments.optionalText("the instance").map { InstanceID($0) }
        try arguments.end()
        _ = try await administrator.record(of: id)
        let activation = try await control.move(resource, of: id, to: instance)
        return [
            "resource": .string(resource.rawValue), "phase": .string("active"),
            "instance": .string(activation.instance.rawValue), "epoch": .number(Double(activation.epoch.rawValue)),
        ]
    }

    private static func value(_ resource: ResourceStanding) -> LeverValue {
        [
            "resource": .string(resource.resource.rawValue), "phase": .string("\(resource.phase)"),
            "instance": resource.instance.map { .string($0.rawValue) } ?? .null,
            // Below 2⁵³, so that it is exact.
            "epoch": resource.epoch.map { .number(Double($0.rawValue)) } ?? .null,
            "calls": .number(Double(resource.calls)),
        ]
    }
}
