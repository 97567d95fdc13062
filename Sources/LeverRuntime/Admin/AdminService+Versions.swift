import LeverCore
import Logging
import LeverTransport

// The channels through which versions take over.
extension AdminService {
    func deploy(_ arguments: RPCArguments, _ channel: any RPCChannel, isReporting: Bool) async throws {
        do {
            let environment = try Self.environment(arguments)
            try await report(over: channel, isQuiet: !isReporting) { report in
                try await deployer.deploy(
                    to: environment, receive: { try await Self.chunk(channel) }, report: report)
            }
        } catch let error as DeploymentError {
            logger.notice("deployment refused", metadata: ["lever.error": "\(error.text)"])
            // Where the caller is gone there is nobody to tell.
            try? await channel.send(.error(.string(error.text)))
        }
    }

    func rollback(_ arguments: AdminArguments, _ channel: any RPCChannel) async throws {
        var arguments = arguments
        let id = try arguments.service()
        let version = try arguments.optionalInteger("the version", in: 1...Int(Int32.max))
        try arguments.end()
        do {
            try await report(over: channel, isQuiet: false) { report in
                try await administrator.rollback(id, to: version) { version, phase in
                    report(.phase(phase, of: version))
                }
            }
        } catch let error as RPCError where error.reason == .startFailed {
            // As of a deployment: what the instance wrote has lines, which no status can hold.
            logger.notice("rollback failed", metadata: ["lever.error": "\(error.message)"])
            try? await channel.send(.error(.string(error.message)))
        }
    }

    /// Runs what makes a version live, and tells the caller how far it has come.
    private func report(
        over channel: any RPCChannel, isQuiet: Bool,
        _ body: (_ report: @escaping @Sendable (DeploymentProgress) -> Void) async throws -> LiveVersion
    ) async throws {
        let report = DeploymentReport()
        let live = try await withThrowingTaskGroup { group in
            group.addTask { await report.send(over: channel, isQuiet: isQuiet) }
            defer { report.end() }
            let live = try await body(report.take)
            report.take(.live(live))
            return live
        }
        (channel as? any TrailerChannel)?.setTrailer(RPCHeader.version, String(live.version))
    }

    // MARK: Input

    /// The next piece of the package; `nil` at its end.
    private static func chunk(_ channel: any RPCChannel) async throws -> [UInt8]? {
        switch try await channel.receive() {
        case .bytes(let bytes): return bytes
        case nil: return nil
        case .value(let value):
            throw DeploymentError("a package is sent as byte messages, not as \(value.kind)")
        case .error, .errorBytes:
            throw RPCError(.cancelled, "the sender of the package gave up")
        }
    }

    private static func environment(_ arguments: RPCArguments) throws -> EnvironmentName {
        guard case .values(let values) = arguments, values.count == 1, let text = values[0].stringValue else {
            throw DeploymentError("the one argument of a deployment is the environment, a string")
        }
        let name: EnvironmentName
        do { name = try EnvironmentName(text) } catch { throw DeploymentError(error.message) }
        guard name != .admin else {
            throw DeploymentError("environment \"\(name)\" is the host's own: nothing can be deployed there")
        }
        return name
    }
}
