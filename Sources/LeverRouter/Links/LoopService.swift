import LeverCore
import NIOCore

/// One service as one event loop sees it: the loop's links to its instances and its count of calls. Confined to the loop.
final class LoopService {
    let id: ServiceID
    @exclusivity(unchecked) private(set) var route: ServiceRoute
    @exclusivity(unchecked) var load: LoadCounter
    /// Beside ``ServiceRoute/instances``, made when the first call goes there.
    @exclusivity(unchecked) private var links: [InstanceLink?]

    init(_ route: ServiceRoute, at now: NIODeadline) {
        id = route.id
        self.route = route
        load = LoadCounter(at: now)
        links = Array(repeating: nil, count: route.instances.count)
    }

    /// Takes the route of a newer snapshot.
    func update(_ route: ServiceRoute) {
        guard route !== self.route else { return }
        self.route = route
        links = Array(repeating: nil, count: route.instances.count)
    }

    /// The link to the instance at an index of the route.
    func link(at index: Int, _ make: (InstanceRoute) -> InstanceLink) -> InstanceLink {
        if let known = links[index] { return known }
        let made = make(route.instances[index])
        links[index] = made
        return made
    }
}

/// Where a call goes, as one snapshot says it: looked up once for each and kept. Confined to the event loop.
final class CallDestination {
    let service: LoopService
    /// The resource that the call names.
    let resource: ResourceID?
    /// Who holds the resource; `nil` where nobody does.
    let activation: ActivationRoute?
    /// The link to the activation's instance.
    let link: InstanceLink?

    init(service: LoopService, resource: ResourceID?, activation: ActivationRoute?, link: InstanceLink?) {
        self.service = service
        self.resource = resource
        self.activation = activation
        self.link = link
    }
}
