import HashTreeCollections
package import LeverCore

/// Where a call goes.
package enum Destination: Sendable {
    /// To this instance; its gate has been entered.
    case instance(InstanceRoute)
    /// To a handler in this process.
    case inProcess(any RPCHandler)
    /// No instance takes calls at this moment: the call waits for one.
    case wait
    /// Nowhere.
    case refused(RPCError)
}

extension RoutingSnapshot {
    /// Finds a service for a caller: it exists, and the caller may see it.
    package func service(_ id: ServiceID, for caller: Caller) throws(RPCError) -> ServiceRoute {
        guard let route = services[id] else {
            guard environments.contains(id.environment) else {
                throw RPCError(.noEnvironment, "there is no environment \"\(id.environment)\" here")
            }
            throw RPCError(.noService, "environment \"\(id.environment)\" has no service \"\(id.service)\"")
        }
        if route.isPrivate, caller.environment != id.environment {
            throw RPCError(
                .privateService, "service \(id) is private: only services of \(id.environment) may call it")
        }
        if route.isLocalOnly, !caller.isLocal {
            throw RPCError(.forbidden, "service \(id) answers only callers on the host's own machine")
        }
        return route
    }
}

extension ServiceRoute {
    /// Picks the instance for an ordinary call and enters its gate. Instances in `tried` are left out.
    package func pick(
        _ balancer: any LoadBalancer, random: inout FastRandom, leavingOut tried: [InstanceID] = []
    ) -> Destination {
        switch target {
        case .inProcess(let handler):
            return .inProcess(handler)
        case .instances(var instances):
            if !tried.isEmpty { instances.removeAll { tried.contains($0.id) } }
            while !instances.isEmpty {
                let index =
                    instances.count == 1
                    ? 0 : balancer.pick(count: instances.count, load: { instances[$0].gate.inFlight }, random: &random)
                if instances[index].gate.enter() { return .instance(instances[index]) }
                instances.remove(at: index)
            }
            return .wait
        }
    }
}
