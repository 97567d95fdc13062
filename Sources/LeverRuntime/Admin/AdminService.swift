package import LeverCore
import LeverTransport
package import Logging

/// The host's own service, `admin.lever/admin`: deploying, and a look at what is there.
///
/// | method | arguments | answer |
/// |---|---|---|
/// | `DeployServiceChan` | environment | nothing; failure is an error message, the version is the trailer `lever-version` |
/// | `DeployChan` | environment | the same with messages about its progress |
/// | `ListServices` | environment, or none for all | what is deployed |
/// | `Version` | | the version of Lever |
///
/// Both channels take one package (`tar.gz`) as byte messages, cut anywhere.
package struct AdminService: RPCHandler {
    private let deployer: Deployer
    private let catalog: any Catalog
    private let logger: Logger

    package init(deployer: Deployer, catalog: any Catalog, logger: Logger) {
        self.deployer = deployer
        self.catalog = catalog
        self.logger = logger
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try Self.checkResource(context)
        switch context.url.method.rawValue {
        case "ListServices": return .result(try await services(arguments))
        case "Version": return .result(.string(LeverVersion.current))
        default: throw Self.noMethod(context)
        }
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        try Self.checkResource(context)
        let isReporting: Bool
        switch context.url.method.rawValue {
        case "DeployServiceChan": isReporting = false
        case "DeployChan": isReporting = true
        default: throw Self.noMethod(context)
        }
        let report = DeploymentReport()
        do {
            let environment = try Self.environment(arguments)
            let live = try await withThrowingTaskGroup { group in
                group.addTask { await report.send(over: channel, isQuiet: !isReporting) }
                defer { report.end() }
                let live = try await deployer.deploy(
                    to: environment, receive: { try await Self.chunk(channel) }, report: report.take)
                report.take(.live(live))
                return live
            }
            (channel as? any TrailerChannel)?.setTrailer(RPCHeader.version, String(live.version))
        } catch let error as DeploymentError {
            logger.notice("deployment refused", metadata: ["lever.error": "\(error.text)"])
            // Where the caller is gone there is nobody to tell.
            try? await channel.send(.error(.string(error.text)))
        }
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

    private static func checkResource(_ context: CallContext) throws {
        guard context.url.resource.isEmpty else {
            throw RPCError(.noResource, "the administration has no resource \"\(context.url.resource.prefix(64))\"")
        }
    }

    private static func noMethod(_ context: CallContext) -> RPCError {
        RPCError(.noMethod, "the administration has no method \"\(context.url.method)\"")
    }

    // MARK: Reading

    private func services(_ arguments: RPCArguments) async throws -> LeverValue {
        guard case .values(let values) = arguments, values.count <= 1 else {
            throw RPCError(.badMessage, "the one argument of ListServices is an environment, or nothing")
        }
        var environment: EnvironmentName?
        if let value = values.first, !value.isNull {
            guard let text = value.stringValue else {
                throw RPCError(.badMessage, "the environment must be a string, not \(value.kind)")
            }
            environment = try EnvironmentName(text)
            guard try await catalog.environments().contains(environment!) else {
                throw RPCError(.noEnvironment, "there is no environment \"\(environment!)\" here")
            }
        }
        let records = try await catalog.services().filter {
            $0.liveVersion != nil && (environment == nil || $0.id.environment == environment)
        }
        return .array(records.map(Self.description))
    }

    private static func description(_ record: ServiceRecord) -> LeverValue {
        let live = record.versions.first { $0.number == record.liveVersion }
        return [
            "environment": .string(record.id.environment.rawValue),
            "service": .string(record.id.service.rawValue),
            "version": .number(Double(record.liveVersion ?? 0)),
            "description": live?.manifest.description.map { .string($0) } ?? .null,
            "private": .bool(live?.manifest.isPrivate ?? false),
            "url": .string("lever://\(record.id)"),
            "versions": .array(record.versions.map { .number(Double($0.number)) }),
        ]
    }
}
