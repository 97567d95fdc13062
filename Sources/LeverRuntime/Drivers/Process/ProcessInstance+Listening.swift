import LeverCore
import Synchronization

/// Finding out where an instance listens, on the driver's loop.
extension ProcessInstance {
    /// The port of programs that do not know `LEVEROS_LISTEN`.
    static let port = 3837

    private static let longestProbeDelay: Duration = .milliseconds(20)

    /// Programs without our SDK listen on the port; a JavaScript module always runs in our own runtime.
    private var mayUsePort: Bool {
        if case .command = start.specification.manifest.entry { true } else { false }
    }

    /// Looks again in a moment: soon at first, since the time to the first reply counts, then at growing intervals.
    func scheduleProbe() {
        let delay = state.withLock { state in
            let delay = state.probeDelay
            state.probeDelay = min(Self.longestProbeDelay, delay * 1.25)
            return delay
        }
        surroundings.loop.schedule(after: delay) { [weak self] in
            guard let self, probe() else { return }
            scheduleProbe()
        }
    }

    /// Something has appeared among the sockets: looks now, and often for a moment, as it may not listen yet.
    func socketMayHaveAppeared() {
        guard probe() else { return }
        state.withLock { $0.probeDelay = .milliseconds(1) }
        surroundings.loop.schedule(after: .milliseconds(1)) { [weak self] in _ = self?.probe() }
    }

    /// - Returns: whether to look again.
    private func probe() -> Bool {
        let isOpen = state.withLock { state in
            if case .running = state.phase { state.address == nil } else { false }
        }
        guard isOpen else { return false }
        if RuntimeDirectory.isListening(start.socketPath) {
            resolve(.success(InstanceAddress(.unix(path: start.socketPath))))
            return false
        }
        return mayUsePort ? probePort() : true
    }

    private func probePort() -> Bool {
        let known = state.withLock { $0.foreignListeners }
        let listeners = PortListener.all(on: Self.port)
        guard listeners.contains(where: { !known.contains($0.inode) }) else { return true }
        let others = ProcessTable.read().others(
            ofInstance: id.rawValue, run: surroundings.run, leader: start.pid)
        let pids = [start.pid] + others.map(\.pid)
        let own = listeners.filter { $0.belongs(to: pids) }
        let foreign = listeners.filter { listener in !own.contains(listener) }
        state.withLock { $0.foreignListeners = Set(foreign.map(\.inode)) }
        guard let listener = own.first else { return true }
        if let holder = foreign.first {
            // Both allow the port's reuse, and the kernel would spread connections over them.
            resolve(.failure(Self.portError(start.specification.service, holder)))
            return false
        }
        resolve(.success(InstanceAddress(.tcp(host: listener.host, port: Self.port), holdsPort: true)))
        return false
    }

    /// Tells all that wait for the address.
    func resolve(_ result: Result<InstanceAddress, RuntimeError>) {
        let listeners: [CheckedContinuation<InstanceAddress, any Error>] = state.withLock { state in
            guard state.address == nil else { return [] }
            state.address = result
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        if case .success(let address) = result { surroundings.listened(self, !address.holdsPort) }
        for listener in listeners { listener.resume(with: result.mapError { $0 }) }
    }

    /// Why it will never listen. Most often a program that wants the port ends because another one has it.
    func endedBeforeListening(_ exit: InstanceExit) -> RuntimeError {
        let service = start.specification.service
        let text = "instance \(id) of \(service) ended before it listened: \(exit)"
        let isUnresolved = state.withLock { $0.address == nil }
        guard isUnresolved, mayUsePort, let holder = PortListener.all(on: Self.port).first else {
            return RuntimeError(.driver, text)
        }
        return RuntimeError(.driver, text, cause: Self.portError(service, holder))
    }

    private static func portError(_ service: ServiceID, _ holder: PortListener) -> RuntimeError {
        RuntimeError(
            .driver,
            "port \(port) is held by \(holder.holder()). A service that does not listen where LEVEROS_LISTEN says needs this "
                + "port, and only one such instance can run per machine without containers: stop the holder, build \(service) "
                + "with a current Lever library, or run it in containers")
    }
}
