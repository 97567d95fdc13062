import LeverCore
import Logging

// Services and their versions.
extension AdminService {
    func listServices(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let environment = try arguments.optionalEnvironment()
        try arguments.end()
        if let environment { try await check(environment) }
        let records = try await catalog.services().filter {
            $0.liveVersion != nil && (environment == nil || $0.id.environment == environment)
        }
        let standings = Dictionary(await control.standings().map { ($0.id, $0) }) { first, _ in first }
        let own = standings.values.filter { standing in
            standing.inProcess != nil && (environment == nil || standing.id.environment == environment)
        }
        let all =
            records.map { (id: $0.id, summary: summary($0, standings[$0.id])) }
            + own.map { (id: $0.id, summary: Self.summary($0)) }
        let sorted = all.sorted { left, right in
            left.id.environment == right.id.environment
                ? CatalogRules.precedes(left.id.service.rawValue, right.id.service.rawValue)
                : CatalogRules.precedes(left.id.environment.rawValue, right.id.environment.rawValue)
        }
        return .array(sorted.map { .object($0.summary) })
    }

    func describeService(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        try arguments.end()
        let standing = await control.standing(of: id)
        if let standing, standing.inProcess != nil {
            var all = Self.summary(standing)
            all["runs"] = .array(standing.instances.map(Self.value))
            return .object(all)
        }
        let record = try await administrator.record(of: id)
        var all = summary(record, standing)
        all["deploying"] = standing?.deploying.map { .number(Double($0)) } ?? .null
        if let bounds = standing?.bounds ?? record.live.map({ ScalingBounds($0.manifest) }) {
            all["scaling"] = Self.value(of: bounds, isOwn: standing?.hasOwnBounds ?? false)
        }
        all["runs"] = .array((standing?.instances ?? []).map(Self.value))
        return .object(all)
    }

    func listVersions(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        try arguments.end()
        let record = try await administrator.record(of: id)
        let history = try await catalog.history(of: id, limit: 100)
        return [
            "versions": .array(
                record.versions.reversed().map { version in
                    [
                        "version": .number(Double(version.number)), "live": .bool(version.number == record.liveVersion),
                        "uploaded": .number(version.uploadedAt), "size": .number(Double(version.packageSize)),
                        "digest": .string(version.packageDigest),
                    ]
                }),
            "history": .array(
                history.map { ["version": .number(Double($0.version)), "since": .number($0.liveSince)] }),
        ]
    }

    func removeService(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        try arguments.end()
        try await administrator.remove(id)
        logger.notice("service removed", metadata: ["lever.service": "\(id)"])
        return .null
    }

    func setScaling(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let id = try arguments.service()
        let options = try arguments.options(["maxInstanceLoad", "minInstances", "maxInstances", "channelLoad"])
        try arguments.end()
        guard let live = try await administrator.record(of: id).live else { throw CatalogRules.noService(id) }
        guard options.isGiven else {
            try await control.setBounds(nil, of: id)
            return Self.value(of: ScalingBounds(live.manifest), isOwn: false)
        }
        // What is not named stays as it is.
        var bounds = await control.standing(of: id)?.bounds ?? ScalingBounds(live.manifest)
        bounds.maxInstanceLoad =
            try options.number("maxInstanceLoad", in: .leastNonzeroMagnitude...1_000_000) ?? bounds.maxInstanceLoad
        bounds.minInstances = try options.integer("minInstances", in: 0...10_000) ?? bounds.minInstances
        bounds.maxInstances = try options.integer("maxInstances", in: 1...10_000) ?? bounds.maxInstances
        bounds.channelLoad = try options.number("channelLoad", in: 0...1_000_000) ?? bounds.channelLoad
        guard bounds.minInstances <= bounds.maxInstances else {
            throw RPCError(
                .badMessage,
                "minInstances (\(bounds.minInstances)) would be above maxInstances (\(bounds.maxInstances)) of \(id)")
        }
        try await control.setBounds(bounds, of: id)
        return Self.value(of: bounds, isOwn: true)
    }

    /// Has the driver remove what no version needs that is kept; those that are being deployed are kept, too.
    func prune(_ arguments: inout AdminArguments) async throws -> LeverValue {
        try arguments.end()
        let kept = try await catalog.services().reduce(into: [:]) { $0[$1.id] = $1.versions.map(\.manifest) }
        let removed: [String]
        do {
            removed = try await archive.prune(keeping: kept)
        } catch let error as RuntimeError {
            throw RPCError(.conflict, error.message)
        }
        if !removed.isEmpty { logger.notice("pruned", metadata: ["lever.removed": "\(removed)"]) }
        return .array(removed.map { .string($0) })
    }

    /// - Throws: `RPCError` `noEnvironment` where there is no such environment.
    func check(_ environment: EnvironmentName) async throws {
        guard try await catalog.environments().contains(environment) else {
            throw RPCError(.noEnvironment, "there is no environment \"\(environment)\" here")
        }
    }

    private func summary(_ record: ServiceRecord, _ standing: ServiceStanding?) -> LeverObject {
        var summary = Self.summary(of: record.id, record.live?.manifest, standing)
        summary["version"] = record.liveVersion.map { .number(Double($0)) } ?? .null
        summary["versions"] = .array(record.versions.map { .number(Double($0.number)) })
        return summary
    }

    /// A service of the host's process: it has no versions.
    private static func summary(_ standing: ServiceStanding) -> LeverObject {
        var summary = summary(of: standing.id, standing.inProcess, standing)
        summary["inProcess"] = .bool(true)
        return summary
    }

    private static func summary(
        of id: ServiceID, _ manifest: Manifest?, _ standing: ServiceStanding?
    ) -> LeverObject {
        let instances = standing?.instances ?? []
        let calls = instances.reduce(0) { $0 + $1.calls }
        var summary = LeverObject()
        summary["environment"] = .string(id.environment.rawValue)
        summary["service"] = .string(id.service.rawValue)
        summary["version"] = .null
        summary["description"] = manifest?.description.map { .string($0) } ?? .null
        summary["private"] = .bool(manifest?.isPrivate ?? false)
        summary["url"] = .string("lever://\(id)")
        summary["versions"] = .array([])
        summary["instances"] = .number(Double(instances.count))
        summary["calls"] = .number(Double(calls))
        summary["waiting"] = .number(Double(standing?.waitingCalls ?? 0))
        summary["resources"] = .number(Double(standing?.resources ?? 0))
        return summary
    }

    private static func value(of bounds: ScalingBounds, isOwn: Bool) -> LeverValue {
        [
            "maxInstanceLoad": .number(bounds.maxInstanceLoad), "minInstances": .number(Double(bounds.minInstances)),
            "maxInstances": .number(Double(bounds.maxInstances)), "channelLoad": .number(bounds.channelLoad),
            "overridden": .bool(isOwn),
        ]
    }
}

extension ServiceRecord {
    /// The live version.
    var live: VersionRecord? { versions.first { $0.number == liveVersion } }
}
