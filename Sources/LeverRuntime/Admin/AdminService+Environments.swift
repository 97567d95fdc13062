import LeverCore
import Logging

// Environments.
extension AdminService {
    func listEnvironments(_ arguments: inout AdminArguments) async throws -> LeverValue {
        try arguments.end()
        let environments = try await catalog.environments()
        let services = try await catalog.services().filter { $0.liveVersion != nil }
        return .array(
            environments.map { environment in
                let count = services.count { $0.id.environment == environment }
                return [
                    "environment": .string(environment.rawValue), "services": .number(Double(count)),
                    "default": .bool(environment == .default),
                ]
            })
    }

    func addEnvironment(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let environment = try arguments.environment()
        try arguments.end()
        return .bool(try await administrator.addEnvironment(environment))
    }

    func removeEnvironment(_ arguments: inout AdminArguments) async throws -> LeverValue {
        let environment = try arguments.environment()
        let force = try arguments.flag("whether its services are removed, too")
        try arguments.end()
        try await administrator.removeEnvironment(environment, force: force)
        logger.notice("environment removed", metadata: ["lever.environment": "\(environment)"])
        return .null
    }
}
