import HashTreeCollections
package import LeverCore

// What those who publish snapshots change, in words of the domain.
extension RoutingSnapshot {
    /// Puts a service's route in, in place of an earlier one.
    package mutating func set(_ route: ServiceRoute) {
        services[route.id] = route
    }

    /// Takes a service out.
    package mutating func remove(_ service: ServiceID) {
        services[service] = nil
    }

    /// Makes an environment exist.
    package mutating func add(_ environment: EnvironmentName) {
        environments.insert(environment)
    }

    /// Takes an environment out, with all services in it.
    package mutating func remove(_ environment: EnvironmentName) {
        environments.remove(environment)
        for service in services.keys where service.environment == environment { services[service] = nil }
    }
}
