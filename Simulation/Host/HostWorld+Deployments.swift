import LeverCore

// Versions: how they come, and how they take over.
extension HostWorld {
    /// Somebody uploads a version; it arrives after a while, which may be after a later one.
    func upload(_ service: SimulatedService, within milliseconds: Int) {
        service.uploaded += 1
        let version = makeVersion(service.uploaded, service)
        deliver(version, isRollback: false, to: service, after: .milliseconds(pick(0...milliseconds)))
    }

    private func makeVersion(_ number: Int, _ service: SimulatedService) -> SimulatedVersion {
        let most = max(1, configuration.instances / max(1, configuration.services))
        let maximum = chance(70) ? most : pick(1...most)
        let minimum = chance(60) ? 0 : pick(0...maximum)
        let needsPort = most < 20 && service.index % 4 == 3
        let drain = configuration.isCalm ? pick(15...40) : pick(2...40)
        let habits: [SimulatedVersion.Habit] = [.slow, .exits, .hangs, .refuses]
        return SimulatedVersion(
            number: number,
            candidate: ServiceController.Candidate(
                version: number, needsPort: needsPort, minInstances: minimum, maxInstances: maximum,
                drainTimeout: chance(30) ? nil : .seconds(drain),
                channelDrainTimeout: configuration.isCalm || chance(30) ? nil : .seconds(pick(2...120))),
            bounds: ScalingBounds(
                maxInstanceLoad: Double(pick(1...6)), minInstances: minimum, maxInstances: maximum),
            holdsPort: needsPort && chance(70), habit: mishap(18) ? habits[pick(0...3)] : .good)
    }

    func deliver(
        _ version: SimulatedVersion, isRollback: Bool, to service: SimulatedService, after delay: Duration
    ) {
        if service.machine == nil, isUp {
            // The first deployment makes the service.
            makeMachine(service, live: nil)
        }
        kept[service.index][version.number] = version
        add(.input(service, run: service.run, .takeOver(version, isRollback: isRollback)), after: delay)
    }

    func takeOver(_ version: SimulatedVersion, isRollback: Bool, _ service: SimulatedService) {
        service.versions[version.number] = version
        service.requests += 1
        let request = service.requests
        let isLate = !isRollback && version.number <= service.newest
        service.pending[request] = SimulatedService.Request(version: version, isLate: isLate, since: now)
        service.newest = max(service.newest, isRollback ? service.uploaded : version.number)
        count(isRollback ? "rollbacks" : "deployments")
        if isRollback {
            handle(
                .instances(.rollback(version.candidate, newest: service.uploaded, request: request)), service)
        } else {
            handle(.instances(.deploy(version.candidate, request: request)), service)
        }
    }

    /// The catalog is asked to record a version as live.
    func record(_ version: Int, _ service: SimulatedService) {
        service.committing = version
        add(
            .input(service, run: service.run, .commit(version)),
            after: mishap(5) ? milliseconds(100...5_000) : milliseconds(1...60))
    }

    func commit(_ version: Int, _ service: SimulatedService) {
        if mishap(5) {
            count("commits failed")
            tell(
                service,
                .machine(.instances(.commitFailed(version: version, RPCError(.limitReached, "the disk is full")))))
            return
        }
        service.catalogLive = version
        tell(service, .machine(.instances(.committed(version: version))), within: mishap(10) ? 500_000 : 3_000)
    }

    func deployed(_ version: Int, _ request: Int, _ service: SimulatedService) {
        checkDeployed(version, request, service)
        count("deployed")
        service.pending[request] = nil
        service.lastAnswered = request
        service.acknowledged = version
        service.wasLive.insert(version)
        service.policy = makePolicy()
    }

    func deploymentFailed(_ version: Int, _ request: Int, _ error: RPCError, _ service: SimulatedService) {
        checkReason(error)
        checkDeploymentFailed(version, request, error, service)
        count("deployments failed: \(error.reason?.token ?? "none")")
        service.pending[request] = nil
    }

    func forgetVersions(_ service: SimulatedService) {
        guard let machine = service.machine, service.pending.isEmpty else { return }
        var needed = Set(machine.instances.instances.map(\.version))
        if let live = machine.instances.liveVersion { needed.insert(live) }
        if let next = machine.instances.deployingVersion { needed.insert(next) }
        service.versions = service.versions.filter { needed.contains($0.key) }
    }
}
