import LeverCore
import LeverRouter
import LeverTransport
import Logging

// Instances: what the controller decides about them.
extension ServiceSupervisor {
    func carryOut(_ action: ServiceController.Action) {
        switch action {
        case .start(let id, let version): start(id, version)
        case .startTimedOut(let id): startTimedOut(id)
        case .publish: publish()
        case .drain(let id): drain(id)
        case .undrain(let id): instances[id]?.route?.gate.reopen()
        case .endCalls(let id): endCalls(id)
        case .terminate(let id): terminate(id)
        case .kill(let id): kill(id)
        case .failWaiting(let error): context.router.waitingRoom.release(service, resource: nil, failing: error)
        case .commit(let version): commit(version)
        case .deployed(let version, let request): deployed(version, request)
        case .deploymentFailed(let version, let request, let error): deploymentFailed(version, request, error)
        case .wake(let time): setWake(time)
        case .stopped: stop()
        }
    }

    // MARK: From start to end

    private func start(_ id: InstanceID, _ number: Int) {
        guard let version = versions[number] else {
            input.yield(.event(.exited(id, how: "the code of version \(number) is not known")))
            return
        }
        note(.instanceStarted, id, "version \(number)")
        // The driver starts it from its spare, where there is one.
        spares[id] = nil
        let run = run(of: id, version)
        instances[id] = Instance(run: run, started: .now)
        self.run { await run.run() }
    }

    /// The life of an instance, which reports to this service.
    func run(of id: InstanceID, _ version: RunnableVersion) -> InstanceRun {
        InstanceRun(id: id, service: service, version: version, handle: InstanceHandle(), context: context) {
            [input] report in
            switch report {
            case .ready(let ready): input.yield(.ready(ready))
            case .startFailed(let id, let how): input.yield(.event(.startFailed(id, how: how)))
            case .silent(let id): input.yield(.event(.silent(id)))
            case .heard(let id): input.yield(.event(.heard(id)))
            case .lost(let id, let how): input.yield(.event(.lost(id, how: how)))
            case .exited(let id, let how): input.yield(.event(.exited(id, how: how)))
            }
        }
    }

    private func startTimedOut(_ id: InstanceID) {
        let how =
            "it did not answer within \(context.bounds.life.instanceStartTimeout) where LEVEROS_LISTEN says, nor on port 3837"
        let described = instances[id]?.run.withOutput(how) ?? how
        input.yield(.event(.startFailed(id, how: described)))
    }

    /// The controller has heard that an instance answers.
    func becameReady(_ id: InstanceID) {
        guard let instance = controller.instances.first(where: { $0.id == id }), instance.state == .ready else {
            return
        }
        let time = instance.startTime.map { ", \(Self.milliseconds($0)) after its start" } ?? ""
        let phases = (instances[id]?.phases ?? []).map { "\($0.name) \(Self.milliseconds($0.duration))" }
        let parts = phases.isEmpty ? "" : " (\(phases.joined(separator: ", ")))"
        note(.instanceReady, id, "version \(instance.version)\(time)\(parts)")
        lookSoon()
    }

    private static func milliseconds(_ time: Duration) -> String { "\(Int(time / .milliseconds(1))) ms" }

    private func drain(_ id: InstanceID) {
        let isUnneeded = controller.instances.first { $0.id == id }?.mayReturn ?? false
        note(.instanceDraining, id, isUnneeded ? "it is not needed for the load" : "it is replaced or ends")
        askGate(id)
    }

    /// Closes the gate of a draining instance, if it is not closed, and has it said when nobody is inside.
    func askGate(_ id: InstanceID) {
        guard controller.instances.contains(where: { $0.id == id && $0.state == .draining }) else { return }
        if let gate = instances[id]?.route?.gate {
            gate.close { [input] in input.yield(.gateDrained(id)) }
        } else {
            input.yield(.gateDrained(id))
        }
    }

    func gateDrained(_ id: InstanceID) {
        // A drain that was taken back may have been reported before: calls are inside again.
        if let gate = instances[id]?.route?.gate, !gate.isClosed || gate.inFlight > 0 { return }
        handle(ServiceMachine.Event.gateDrained(id))
    }

    /// Asks again of instances that only wait for resources which they will not let go of.
    func lookAtDraining() {
        for instance in controller.instances where instance.state == .draining { gateDrained(instance.id) }
    }

    private func endCalls(_ id: InstanceID) {
        guard let route = instances[id]?.route else { return }
        context.router.end(
            .callsWithoutResource, of: route,
            with: RPCError(.instanceDied, "instance \(id) of \(service) is being replaced; the call's time was over"))
    }

    private func terminate(_ id: InstanceID) {
        if let route = instances[id]?.route {
            route.gate.close {}
            context.router.end(
                .all, of: route, with: RPCError(.instanceDied, "instance \(id) of \(service) is being stopped"))
        }
        instances[id]?.run.handle.terminate(grace: context.bounds.terminationGrace)
    }

    private func kill(_ id: InstanceID) {
        if let route = instances[id]?.route {
            route.gate.close {}
            context.router.end(
                .all, of: route, with: RPCError(.instanceDied, "instance \(id) of \(service) does not answer"))
        }
        instances[id]?.run.handle.terminate(grace: .zero)
    }

    func forget(_ id: InstanceID, _ how: String) {
        note(.instanceEnded, id, String(how.prefix(512)))
        instances[id]?.route?.markGone()
        instances[id] = nil
        // Now that no route leads to it, no call makes a connection to it any more.
        context.router.forget(id)
        forgetVersions()
        lookSoon()
    }

    private func publish() {
        guard !isRemoved, let live = controller.liveVersion, let version = versions[live] else { return }
        let routes = controller.readyInstances.compactMap { instances[$0.id]?.route }
        let route = ServiceRoute(
            id: service, isPrivate: version.manifest.isPrivate, internalGateway: gateway, target: .instances(routes),
            isInProcess: context.isInProcess)
        context.router.update { $0.set(route) }
        if !routes.isEmpty { context.router.waitingRoom.release(service, resource: nil) }
    }

    /// Notes what happened, for the log and for whoever asks.
    func note(_ kind: HostEvent.Kind, _ message: String) {
        note(kind, nil, message)
    }

    func note(_ kind: HostEvent.Kind, _ instance: InstanceID?, _ message: String) {
        context.events.append(kind, service, instance: instance, message)
        var metadata: Logger.Metadata = ["lever.event": "\(kind)"]
        if let instance { metadata["lever.instance"] = "\(instance)" }
        logger.info("\(message)", metadata: metadata)
    }
}
