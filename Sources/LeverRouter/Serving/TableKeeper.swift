import HashTreeCollections
package import LeverCore
package import LeverTransport
import Synchronization

/// Makes routes of a table's addresses, and keeps those that stay, so that their connections and counts do, too.
final class TableKeeper: InstanceStarter {
    private struct State {
        var table: RoutingTable
        var router: Router?
        var gateways: [EnvironmentName: String] = [:]
        /// Instances of the table.
        var routes: [InstanceID: InstanceRoute] = [:]
        /// Instances that have left the table, until their last call has ended.
        var leaving: [InstanceID: InstanceRoute] = [:]
    }

    private let placement: any ResourcePlacement
    private let state: Mutex<State>
    /// Held by whoever changes the table: only one does at a time. What gates report meanwhile needs the state alone.
    private let changing = Mutex(())

    init(_ table: RoutingTable, placement: any ResourcePlacement) {
        self.placement = placement
        state = Mutex(State(table: table))
    }

    var table: RoutingTable { state.withLock { $0.table } }

    /// Begins to publish.
    func begin(_ router: Router, gateways: [EnvironmentName: String]) {
        changing.withLock { _ in
            let table = state.withLock { state in
                state.router = router
                state.gateways = gateways
                return state.table
            }
            router.setStarter(self)
            take(table)
        }
    }

    /// Changes the table; a change that makes no sense changes nothing.
    func update(_ change: (inout RoutingTable) throws -> Void) throws {
        try changing.withLock { _ in
            var table = table
            try change(&table)
            try table.validate()
            take(table)
        }
    }

    private func take(_ table: RoutingTable) {
        var services: [ServiceRoute] = []
        var returned: [InstanceRoute] = []
        let (router, gone, removed) = state.withLock { state in
            let before = state.table
            state.table = table
            guard let router = state.router else { return (nil as Router?, [InstanceRoute](), [ServiceID]()) }
            var routes: [InstanceID: InstanceRoute] = [:]
            for (id, service) in table.services {
                let instances = service.instances.map { endpoint in
                    let name = InstanceID("\(id)@\(TransportAddress(endpoint))")
                    let route: InstanceRoute
                    if let known = state.routes.removeValue(forKey: name), known.version == service.version {
                        route = known
                    } else if let known = state.leaving.removeValue(forKey: name), known.version == service.version {
                        route = known
                        returned.append(known)
                    } else {
                        route = InstanceRoute(
                            id: name, service: id, version: service.version, address: TransportAddress(endpoint))
                    }
                    routes[name] = route
                    return route
                }
                services.append(
                    ServiceRoute(
                        id: id, isPrivate: service.isPrivate, internalGateway: state.gateways[id.environment],
                        target: .instances(instances), placement: placement))
            }
            let gone = Array(state.routes.values)
            state.routes = routes
            for route in gone { state.leaving[route.id] = route }
            return (router, gone, before.services.keys.filter { table.services[$0] == nil })
        }
        guard let router else { return }
        for route in returned { route.gate.reopen() }
        router.update { snapshot in
            snapshot.environments = [.default]
            for id in removed { snapshot.remove(id) }
            for service in services {
                snapshot.add(service.id.environment)
                snapshot.set(service)
            }
        }
        for route in gone { route.gate.close { self.emptied(route) } }
        for service in services { router.waitingRoom.releaseAll(service.id) }
        for id in removed { router.waitingRoom.releaseAll(id, failing: Self.gone(id)) }
    }

    /// The last call of an instance that has left the table has ended, unless it has come back.
    private func emptied(_ route: InstanceRoute) {
        state.withLock { state in
            guard state.leaving[route.id] === route, route.gate.isClosed, route.gate.inFlight == 0 else { return }
            state.leaving[route.id] = nil
            // Under the lock: one that comes to the same address afterwards gets a connection of its own.
            state.router?.forget(route.id)
        }
    }

    /// Nobody starts instances here: calls that find none fail, unless the loop has not seen the newest table yet.
    func callsWait(for service: ServiceID, resource: ResourceID?) {
        let (router, known) = state.withLock { ($0.router, $0.table.services[service]) }
        guard let known else {
            router?.waitingRoom.release(service, resource: resource, failing: Self.gone(service))
            return
        }
        let error = RPCError(.startFailed, "service \(service) has no instance in the routing table")
        router?.waitingRoom.release(service, resource: resource, failing: known.instances.isEmpty ? error : nil)
    }

    private static func gone(_ service: ServiceID) -> RPCError {
        RPCError(.noService, "there is no service \(service) any more")
    }
}

extension TransportAddress {
    package init(_ endpoint: InstanceAddress.Endpoint) {
        switch endpoint {
        case .unix(let path): self = .unix(path: path)
        case .tcp(let host, let port): self = .tcp(host: host, port: port)
        }
    }
}
