import HashTreeCollections
import LeverCore
import LeverRouter
import LeverTransport
import Testing

@Suite("Picking")
struct PickTests {
    private let service = ServiceID(environment: .default, service: try! ServiceName("hello"))

    private func routes(_ count: Int) -> [InstanceRoute] {
        (0..<count).map {
            InstanceRoute(
                id: InstanceID("i-\($0)"), service: service, version: 1, address: .tcp(host: "127.0.0.1", port: 1 + $0))
        }
    }

    @Test("enters the gate of the instance, and passes over closed and tried ones")
    func gates() {
        let routes = routes(3)
        let route = ServiceRoute(id: service, isPrivate: false, target: .instances(routes))
        var random = FastRandom(seed: 1)
        routes[0].gate.close {}
        for _ in 0..<20 {
            #expect(route.pick(PowerOfTwoChoices(), random: &random, leavingOut: [routes[1].id]) == 2)
        }
        #expect(routes[2].gate.inFlight == 20)
        routes[2].gate.close {}
        routes[1].gate.close {}
        #expect(route.pick(PowerOfTwoChoices(), random: &random) == nil, "all gates are closed")
    }

    @Test("keeps two choices close to even")
    func balance() {
        let routes = routes(10)
        let route = ServiceRoute(id: service, isPrivate: false, target: .instances(routes))
        var random = FastRandom(seed: 42)
        for _ in 0..<10_000 { _ = route.pick(PowerOfTwoChoices(), random: &random) }
        let loads = routes.map(\.gate.inFlight)
        #expect(loads.reduce(0, +) == 10_000)
        #expect(loads.max()! - loads.min()! <= 10, "\(loads)")
    }

    @Test("tells a missing environment, a missing service and a hidden one apart")
    func visibility() throws {
        var snapshot = RoutingSnapshot()
        let other = try EnvironmentName("shop.example.com")
        let outside = Caller(environment: nil, isLocal: true)
        func reason(_ id: ServiceID, _ caller: Caller) -> RPCError.Reason? {
            do throws(RPCError) {
                _ = try snapshot.service(id, for: caller)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason(service, outside) == .noEnvironment)
        snapshot.environments.insert(.default)
        #expect(reason(service, outside) == .noService)
        snapshot.services[service] = ServiceRoute(id: service, isPrivate: true, target: .instances([]))
        #expect(reason(service, outside) == .privateService)
        #expect(reason(service, Caller(environment: other, isLocal: true)) == .privateService)
        #expect(reason(service, Caller(environment: .default, isLocal: true)) == nil)
        snapshot.services[service] = ServiceRoute(
            id: service, isPrivate: false, isLocalOnly: true, target: .instances([]))
        #expect(reason(service, Caller(environment: nil, isLocal: false)) == .forbidden)
        #expect(reason(service, outside) == nil)
    }
}
