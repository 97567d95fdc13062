import LeverCore
import Synchronization

/// Gives a service that the program has registered its instances, which are the handler itself.
final class HandlerDriver: ContainerDriver {
    let name = "handler"
    private let handler: any RPCHandler
    private let state = Mutex((instances: [HandlerInstance](), hostEnds: false))

    init(_ handler: any RPCHandler) {
        self.handler = handler
    }

    func prepare() async throws {}

    func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }

    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let instance = HandlerInstance(specification, handler)
        let hostEnds = state.withLock { state in
            state.instances.removeAll { $0.hasEnded }
            state.instances.append(instance)
            return state.hostEnds
        }
        if hostEnds { instance.hostEnds() }
        return instance
    }

    /// The host ends: it does not wait for ever for handlers.
    func hostEnds() {
        let instances = state.withLock { state in
            state.hostEnds = true
            return state.instances
        }
        for instance in instances { instance.hostEnds() }
    }

    func shutdown() async { hostEnds() }
}
