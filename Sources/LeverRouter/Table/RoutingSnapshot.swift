package import HashTreeCollections
package import LeverCore

/// All that the data path needs for routing a call, as it stood at one moment. Event loops read it without locks; whoever
/// decides makes a new one, which shares all that has not changed, and publishes it.
package struct RoutingSnapshot: Sendable {
    /// Counts the snapshots of one router; what was looked up in an older one is looked up again.
    package var generation: UInt64 = 0
    /// Counts the services that were taken out, so that loops drop what they know of them.
    package internal(set) var removals: UInt64 = 0
    /// The environments that exist, so that a wrong one can be told from a wrong service.
    package var environments: TreeSet<EnvironmentName> = []
    /// The services that exist.
    package var services: TreeDictionary<ServiceID, ServiceRoute> = [:]
    /// Which instances hold which resources; apart from the services, so that one activation copies a few nodes.
    package var activations: TreeDictionary<ServiceID, TreeDictionary<ResourceID, ActivationRoute>> = [:]

    /// Those of the services whose calls end in this process, for callers that are no event loop's.
    package private(set) var servicesHere: [ServiceID: ServiceRoute] = [:]

    package init() {}

    /// Keeps ``servicesHere`` in step with what became of a service.
    mutating func changed(_ service: ServiceID) {
        if let route = services[service], route.endsHere {
            servicesHere[service] = route
        } else if servicesHere[service] != nil {
            servicesHere[service] = nil
        }
    }
}
