package import LeverCore
import LeverTransport
package import Logging

/// The host's own service, `admin.lever/admin`: deploying, and all else that an administrator looks at and asks for.
///
/// | method | arguments | answer |
/// |---|---|---|
/// | `DeployServiceChan` | environment | nothing; failure is an error message, the version is the trailer `lever-version` |
/// | `DeployChan` | environment | the same with messages about its progress |
/// | `RollbackChan` | environment, service, version or none | messages about its progress, as of a deployment |
/// | `ListServices` | environment, or none for all | what is deployed |
/// | `DescribeService` | environment, service | all about it |
/// | `ListVersions` | environment, service | its versions, and when which was live |
/// | `RemoveService` | environment, service | nothing, once it is gone |
/// | `SetScaling` | environment, service, bounds or none | the bounds that count from now on |
/// | `ListInstances` | environment or none, service or none | what runs |
/// | `DrainInstance` | environment, service, instance | nothing, at once |
/// | `ListResources` | environment, service, options | resources in the order of their names |
/// | `WhereResource` | environment, service, resource | where it is |
/// | `MoveResource` | environment, service, resource, instance or none | where it is now |
/// | `ListEnvironments` | | the environments |
/// | `AddEnvironment` | environment | whether it is new |
/// | `RemoveEnvironment` | environment, whether with its services | nothing, once it is gone |
/// | `LogsChan` | environment, service, options | what instances write |
/// | `EventsChan` | options | what the host does |
/// | `Prune` | | what was removed that no version needs |
/// | `Version` | | the version of Lever |
///
/// The channels that deploy take one package (`tar.gz`) as byte messages, cut anywhere.
package struct AdminService: RPCHandler {
    let deployer: Deployer
    let administrator: Administrator
    let control: any ServiceControl
    let archive: OutputArchive
    let catalog: any Catalog
    let logger: Logger

    package init(
        deployer: Deployer, administrator: Administrator, control: any ServiceControl, archive: OutputArchive,
        catalog: any Catalog, logger: Logger
    ) {
        self.deployer = deployer
        self.administrator = administrator
        self.control = control
        self.archive = archive
        self.catalog = catalog
        self.logger = logger
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try Self.checkResource(context)
        guard let body = Self.methods[context.url.method.rawValue] else { throw Self.noMethod(context) }
        var arguments = try AdminArguments(arguments, of: context.url.method)
        return .result(try await body(self)(&arguments))
    }

    /// A method: it reads its arguments, all of them, before it does anything.
    private typealias Method = @Sendable (inout AdminArguments) async throws -> LeverValue

    private static let methods: [String: @Sendable (AdminService) -> Method] = [
        "ListServices": { $0.listServices },
        "DescribeService": { $0.describeService },
        "ListVersions": { $0.listVersions },
        "RemoveService": { $0.removeService },
        "SetScaling": { $0.setScaling },
        "ListInstances": { $0.listInstances },
        "DrainInstance": { $0.drainInstance },
        "ListResources": { $0.listResources },
        "WhereResource": { $0.whereResource },
        "MoveResource": { $0.moveResource },
        "ListEnvironments": { $0.listEnvironments },
        "AddEnvironment": { $0.addEnvironment },
        "RemoveEnvironment": { $0.removeEnvironment },
        "Prune": { $0.prune },
        "Version": { _ in
            { arguments in
                try arguments.end()
                return .string(LeverVersion.current)
            }
        },
    ]

    package func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        try Self.checkResource(context)
        switch context.url.method.rawValue {
        case "DeployServiceChan": try await deploy(arguments, channel, isReporting: false)
        case "DeployChan": try await deploy(arguments, channel, isReporting: true)
        case "RollbackChan": try await rollback(AdminArguments(arguments, of: context.url.method), channel)
        case "LogsChan": try await logs(AdminArguments(arguments, of: context.url.method), channel)
        case "EventsChan": try await events(AdminArguments(arguments, of: context.url.method), channel)
        default: throw Self.noMethod(context)
        }
    }

    private static func checkResource(_ context: CallContext) throws {
        guard context.url.resource.isEmpty else {
            throw RPCError(.noResource, "the administration has no resource \"\(context.url.resource.prefix(64))\"")
        }
    }

    private static func noMethod(_ context: CallContext) -> RPCError {
        RPCError(.noMethod, "the administration has no method \"\(context.url.method)\"")
    }
}
