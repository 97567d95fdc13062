import LeverCore
import LeverRouter

// Instances that an earlier run of the host has left.
extension ServiceSupervisor {
    /// The live version; `nil` before the first one.
    var liveRunnable: RunnableVersion? { controller.liveVersion.flatMap { versions[$0] } }

    /// Takes an instance over, with the resources that it has. Before ``run()``: whatever calls want is decided after it.
    func adopt(_ adopted: AdoptedInstance) {
        guard let version = liveRunnable else { return adopted.instance.terminate(grace: .zero) }
        let id = adopted.instance.id
        let run = run(of: id, version)
        var instance = Instance(run: run, started: .now)
        instance.route = adopted.route
        instances[id] = instance
        gateway = adopted.gateway
        handle(ServiceController.Event.adopted(id))
        handle(ResourceDirectory.Event.adopted(id, adopted.holdings))
        self.run { await run.goOn(adopted.instance, adopted.route) }
        let count = adopted.holdings.held.count
        note(.instanceAdopted, id, "version \(version.number), with \(count) resource\(count == 1 ? "" : "s")")
        lookSoon()
    }
}

/// An instance of an earlier run that answers and has said what it holds.
struct AdoptedInstance: Sendable {
    let instance: any DriverInstance
    let route: InstanceRoute
    /// `host:port` of its environment's internal gateway.
    let gateway: String?
    let holdings: InstanceHoldings
}
