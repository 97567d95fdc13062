import HashTreeCollections
package import LeverCore

extension RoutingSnapshot {
    /// Finds a service for a caller: it exists, and the caller may see it.
    package func service(_ id: ServiceID, for caller: Caller) throws(RPCError) -> ServiceRoute {
        guard let route = services[id] else {
            guard environments.contains(id.environment) else {
                throw RPCError(.noEnvironment, "there is no environment \"\(id.environment)\" here")
            }
            throw RPCError(.noService, "environment \"\(id.environment)\" has no service \"\(id.service)\"")
        }
        try route.checkIsVisible(to: caller)
        return route
    }

    /// The activation of a resource; `nil` where no instance holds it.
    package func activation(of resource: ResourceID, in service: ServiceID) -> ActivationRoute? {
        activations[service]?[resource]
    }
}

extension ServiceRoute {
    /// Refuses a caller that may not call the service.
    func checkIsVisible(to caller: Caller) throws(RPCError) {
        if isPrivate, caller.environment != id.environment {
            throw RPCError(
                .privateService, "service \(id) is private: only services of \(id.environment) may call it")
        }
        if isLocalOnly, !caller.isLocal {
            throw RPCError(
                .forbidden, "service \(id) answers only callers on the host's own machine, and peers that it was told")
        }
    }

    /// Picks one of the instances for an ordinary call and enters its gate; `nil` where none takes calls at this moment.
    /// Instances in `tried` are left out. Returns its place in ``ServiceRoute/instances``.
    package func pick(
        _ balancer: some LoadBalancer, random: inout FastRandom, leavingOut tried: [InstanceID] = []
    ) -> Int? {
        let instances = instances
        if tried.isEmpty, !instances.isEmpty {
            let index =
                instances.count == 1
                ? 0 : balancer.pick(count: instances.count, load: { instances[$0].gate.inFlight }, random: &random)
            precondition(
                instances.indices.contains(index), "\(type(of: balancer)) picked \(index) of \(instances.count)")
            if instances[index].gate.enter() { return index }
        }
        var left = instances.indices.filter { !tried.contains(instances[$0].id) && !instances[$0].gate.isClosed }
        while !left.isEmpty {
            let place =
                left.count == 1
                ? 0 : balancer.pick(count: left.count, load: { instances[left[$0]].gate.inFlight }, random: &random)
            precondition(left.indices.contains(place), "\(type(of: balancer)) picked \(place) of \(left.count)")
            if instances[left[place]].gate.enter() { return left[place] }
            left.remove(at: place)
        }
        return nil
    }

    /// As ``pick(_:random:leavingOut:)``, for a call that names a resource.
    func pick(_ resource: ResourceID, _ placement: any ResourcePlacement, leavingOut tried: [InstanceID]) -> Int? {
        let instances = instances
        var left = instances.indices.filter { !tried.contains(instances[$0].id) && !instances[$0].gate.isClosed }
        while !left.isEmpty {
            let place = placement.place(
                resource,
                among: left.map {
                    PlacementCandidate(instance: instances[$0].id, load: instances[$0].gate.inFlight, resources: 0)
                })
            precondition(left.indices.contains(place), "\(type(of: placement)) chose \(place) of \(left.count)")
            if instances[left[place]].gate.enter() { return left[place] }
            left.remove(at: place)
        }
        return nil
    }
}
