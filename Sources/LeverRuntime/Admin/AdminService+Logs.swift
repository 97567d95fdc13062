import LeverCore

// What instances write.
extension AdminService {
    func logs(_ arguments: AdminArguments, _ channel: any RPCChannel) async throws {
        var arguments = arguments
        let environment = try arguments.environment()
        let name = try arguments.optionalText("the service")
        let options = try arguments.options(["instance", "since", "lines", "follow"])
        try arguments.end()
        let instance = try options.text("instance").map { InstanceID($0) }
        let since = try options.number("since", in: 0...1e12) ?? 0
        let lines = try options.integer("lines", in: 0...1_000_000) ?? 100
        let isFollowing = try options.flag("follow")
        let scope: LogFollower.Scope
        if let name {
            let id = ServiceID(environment: environment, service: try ServiceName(name))
            try await administrator.check(id)
            scope = .service(id)
        } else {
            try await check(environment)
            scope = .environment(environment)
        }
        var follower = LogFollower(
            archive: archive, control: control, scope: scope, instance: instance, channel: channel)
        try await follower.sendPast(since: since, lines: lines)
        if isFollowing { try await follower.follow() }
    }
}
