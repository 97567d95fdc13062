import HashTreeCollections
import LeverCore
import LeverRouter
import LeverTransport
import Testing

@Suite("Activations in the routing table")
struct ActivationTableTests {
    private let service = ServiceID(environment: .default, service: try! ServiceName("hello"))
    private let resource = ResourceID("room/1")

    private func activation(_ counter: UInt32) -> ActivationRoute {
        let instance = InstanceRoute(
            id: InstanceID("i-\(counter)"), service: service, version: 1, address: .tcp(host: "127.0.0.1", port: 1))
        return ActivationRoute(resource: resource, epoch: Epoch(term: 1, counter: counter), instance: instance)
    }

    @Test("a later activation takes the place of an earlier one, which cannot be forgotten any more")
    func epochs() {
        var snapshot = RoutingSnapshot()
        let (first, second) = (activation(1), activation(2))
        snapshot.activate(first)
        snapshot.activate(second)
        snapshot.forget(resource, epoch: first.epoch, of: service)
        #expect(snapshot.activation(of: resource, in: service) === second)
        snapshot.forget(resource, epoch: second.epoch, of: service)
        #expect(snapshot.activation(of: resource, in: service) == nil)
        #expect(snapshot.activations.isEmpty)
    }

    @Test("they go with their service, and with its environment")
    func removal() {
        var snapshot = RoutingSnapshot()
        snapshot.add(.default)
        for body: (inout RoutingSnapshot) -> Void in [{ $0.remove(self.service) }, { $0.remove(.default) }] {
            snapshot.set(ServiceRoute(id: service, isPrivate: false, target: .instances([])))
            snapshot.activate(activation(1))
            let copy = snapshot
            body(&snapshot)
            #expect(snapshot.activations.isEmpty)
            #expect(snapshot.services.isEmpty)
            #expect(copy.activation(of: resource, in: service) != nil, "what was published stays as it was")
        }
        #expect(snapshot.removals == 2)
    }
}
