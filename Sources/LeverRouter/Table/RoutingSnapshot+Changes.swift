import HashTreeCollections
package import LeverCore

// What those who publish snapshots change, in words of the domain.
extension RoutingSnapshot {
    /// Puts a service's route in, in place of an earlier one; the activations of its resources stay.
    package mutating func set(_ route: ServiceRoute) {
        services[route.id] = route
        changed(route.id)
    }

    /// Takes a service out, with the activations of its resources.
    package mutating func remove(_ service: ServiceID) {
        activations[service] = nil
        if services.removeValue(forKey: service) != nil { removals += 1 }
        changed(service)
    }

    /// Makes an environment exist.
    package mutating func add(_ environment: EnvironmentName) {
        environments.insert(environment)
    }

    /// Takes an environment out, with all services in it.
    package mutating func remove(_ environment: EnvironmentName) {
        environments.remove(environment)
        for service in services.keys where service.environment == environment { remove(service) }
    }

    /// Puts an activation in, in place of an earlier one of the same resource: its calls go there from now on.
    package mutating func activate(_ route: ActivationRoute) {
        activations[route.instance.service, default: [:]][route.resource] = route
    }

    /// Takes an activation out; does nothing where the resource has another one by now, or none.
    package mutating func forget(_ resource: ResourceID, epoch: Epoch, of service: ServiceID) {
        guard activations[service]?[resource]?.epoch == epoch else { return }
        activations[service]?[resource] = nil
        if activations[service]?.isEmpty == true { activations[service] = nil }
    }
}
