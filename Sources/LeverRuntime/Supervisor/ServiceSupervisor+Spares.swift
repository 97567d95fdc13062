import LeverCore
import Logging

/// Instances that are made ahead: the driver holds them, and starts the instances that get their ids from them.
///
/// They have the ids of the instances that come next, so that nothing else needs to know of them: to no call and to no decision
/// do they exist.
extension ServiceSupervisor {
    struct Spare {
        let version: Int
        /// Has it made, and waits for its end. Nobody waits for this: it may go on while the service ends.
        let task: Task<Void, Never>
        /// Until when none is made in its place: it could not be made, or did not last.
        var retryTime: ContinuousClock.Instant?
    }

    private static let retryPause: Duration = .seconds(10)

    /// Has the live version's spares made, and drops those that nobody will need.
    func keepSpares() {
        guard context.driver.makesSpares else { return }
        var wanted: [InstanceID] = []
        if !hasStopped, !isRemoved, let live = controller.liveVersion, let version = versions[live] {
            wanted = controller.idsToCome(version.manifest.spares)
            for id in wanted {
                if let spare = spares[id], spare.version == live, spare.retryTime.map({ $0 > .now }) ?? true {
                    continue
                }
                make(id, version)
            }
        }
        for id in spares.keys where !wanted.contains(id) { drop(id) }
    }

    /// Drops all.
    func dropSpares() {
        for id in spares.keys { drop(id) }
    }

    func spareEnded(_ id: InstanceID, _ how: String) {
        // One that has become an instance has ended as that.
        guard spares[id] != nil else { return }
        logger.notice(
            "an instance made ahead has ended", metadata: ["lever.instance": "\(id)", "lever.reason": "\(how)"])
        spares[id]?.retryTime = .now + Self.retryPause
    }

    private func drop(_ id: InstanceID) {
        spares.removeValue(forKey: id)?.task.cancel()
        context.driver.dropSpare(id)
    }

    private func make(_ id: InstanceID, _ version: RunnableVersion) {
        if spares[id] != nil { drop(id) }
        let task = Task { [service, context, input] in
            do {
                let gateway = try await context.gateway(version.specification(id, of: service))
                try Task.checkCancellation()
                let spare = try await context.driver.makeSpare(
                    version.specification(id, of: service, gateway: gateway))
                let exit = await spare.exit()
                guard !Task.isCancelled else { return }
                input.yield(.spareEnded(id, how: "\(exit)"))
            } catch {
                guard !Task.isCancelled else { return }
                input.yield(.spareEnded(id, how: "\(error)"))
            }
        }
        spares[id] = Spare(version: version.number, task: task)
    }
}
