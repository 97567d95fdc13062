import LeverCore
import LeverRouter
import LeverTransport

/// One instance's whole life as the host sees it, from the request to the driver to its exit.
struct InstanceRun: Sendable {
    /// What the instance's service hears.
    enum Report: Sendable {
        /// It answers.
        case ready(Ready)
        /// It will not become ready, though it may still be there.
        case startFailed(InstanceID, how: String)
        /// It has not answered for a while.
        case silent(InstanceID)
        /// It answers again.
        case heard(InstanceID)
        /// It does not answer and counts as dead.
        case lost(InstanceID, how: String)
        /// It is gone.
        case exited(InstanceID, how: String)
    }

    /// What is known of an instance that answers.
    struct Ready: Sendable {
        var route: InstanceRoute
        var holdsPort = false
        /// `host:port` of its environment's internal gateway.
        var gateway: String?
        /// The parts of its start, in their order.
        var phases: [StartPhase] = []
    }

    let id: InstanceID
    let service: ServiceID
    let version: RunnableVersion
    let handle: InstanceHandle
    let context: SupervisorContext
    let report: @Sendable (Report) -> Void
    private let end = InstanceEnd()

    /// Starts the instance and returns once it is gone; what becomes of it is reported. Cancelling ends the instance at once.
    func run() async {
        let instance: any DriverInstance
        let gateway: String?
        var clock = PhaseClock()
        do {
            gateway = try await context.gateway(version.specification(id, of: service))
            clock.skip()
            instance = try await start(gateway: gateway)
            clock.end("start")
        } catch {
            report(.exited(id, how: Self.text(of: error)))
            return
        }
        let exit = await withTaskCancellationHandler {
            await withTaskGroup { group in
                group.addTask { [clock] in await becomeReady(instance, gateway: gateway, clock) }
                let exit = await instance.exit()
                end.tell("\(exit)")
                group.cancelAll()
                return exit
            }
        } onCancel: {
            handle.terminate(grace: .zero)
        }
        report(.exited(id, how: withOutput("\(exit)")))
    }

    /// Goes on with an instance of an earlier run of the host, which answers, and returns once it is gone.
    func goOn(_ instance: any DriverInstance, _ route: InstanceRoute) async {
        handle.started(instance)
        let exit = await withTaskCancellationHandler {
            await withTaskGroup { group in
                group.addTask { await watch(route, isOurs: true) }
                let exit = await instance.exit()
                route.end?.tell("\(exit)")
                group.cancelAll()
                return exit
            }
        } onCancel: {
            handle.terminate(grace: .zero)
        }
        report(.exited(id, how: withOutput("\(exit)")))
    }

    /// Has the driver start the instance, unless it is to end before that.
    private func start(gateway: String?) async throws -> any DriverInstance {
        let specification = version.specification(id, of: service, gateway: gateway)
        let start = DriverStart(specification, context.driver, patience: context.bounds.startCancellation)
        handle.starting(start)
        let instance = try await start.run()
        handle.started(instance)
        return instance
    }

    private func becomeReady(_ instance: any DriverInstance, gateway: String?, _ clock: PhaseClock) async {
        var clock = clock
        if let instance = instance as? HandlerInstance {
            let route = InstanceRoute(
                id: id, service: service, version: version.number, place: .inProcess(instance))
            return report(.ready(Ready(route: route)))
        }
        do {
            let address = try await instance.listening()
            clock.end("listen")
            let route = InstanceRoute(
                id: id, service: service, version: version.number, address: TransportAddress(address.endpoint),
                internalGateway: address.gateway, end: end)
            while true {
                do {
                    try await context.probe(route)
                    break
                } catch {
                    // It listens before it speaks HTTP/2; how long that may take, the service's controller decides.
                    try Task.checkCancellation()
                    try await Task.sleep(for: context.bounds.probeInterval)
                }
            }
            try Task.checkCancellation()
            clock.end("connect")
            report(
                .ready(
                    Ready(
                        route: route, holdsPort: address.holdsPort, gateway: gateway,
                        phases: clock.phases(instance.startPhases))))
            await watch(route, isOurs: address.usesSDK)
        } catch {
            // An instance that has ended is reported by its exit, which knows more. This sleep ends with it.
            try? await Task.sleep(for: .milliseconds(200))
            guard !Task.isCancelled else { return }
            report(.startFailed(id, how: withOutput(Self.text(of: error))))
        }
    }

    /// Asks the instance for signs of life until it is gone. `isOurs`: our SDK is in it, which may be pinged; others get a
    /// connection of their own each time, since plain servers close one that is pinged often.
    private func watch(_ route: InstanceRoute, isOurs: Bool) async {
        let bounds = context.bounds
        let heartbeat = Heartbeat(route, isOurs: isOurs, context)
        var watch = InstanceWatch(at: .now, interval: bounds.heartbeatInterval, liveness: bounds.liveness)
        while true {
            heartbeat.ask()
            let asked = ContinuousClock.now
            guard (try? await Task.sleep(for: bounds.heartbeatInterval)) != nil else { return }
            switch watch.woke(at: .now, asked: asked, lastAnswer: heartbeat.lastAnswer, handle.processorTime) {
            case nil: break
            case .silent: report(.silent(id))
            case .heard: report(.heard(id))
            case .dead(let how):
                report(.lost(id, how: withOutput("it \(how)")))
                return
            }
        }
    }

    /// What happened, followed by what the instance wrote last.
    func withOutput(_ how: String) -> String {
        var lines: [String] = []
        var bytes = 0
        for line in handle.lastOutput(context.bounds.outputLines).reversed() {
            bytes += line.utf8.count + 1
            guard bytes <= context.bounds.outputBytes else { break }
            lines.append(line)
        }
        guard !lines.isEmpty else { return how + "; it wrote nothing" }
        return how + "; its last output:\n" + lines.reversed().joined(separator: "\n")
    }

    private static func text(of error: any Error) -> String {
        switch error {
        case let error as RuntimeError: error.message
        case let error as RPCError: error.message
        default: "\(error)"
        }
    }
}
