import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A process that outlives the host by a moment: when the host is gone, however it ended, it kills what the host had started.
///
/// It waits on a socket whose other end closes with the host; the kernel does that, so nothing that kills the host prevents
/// it. A shell script, since an embedding program has no second executable to offer. It finds processes by the run's name in
/// their environment, wherever their parents, groups and sessions are, and is told of each instance before that starts, so
/// that it also waits for one that is being started at the moment. It is started anew when it ends before the host.
final class Reaper: Sendable {
    private struct State {
        var pid: pid_t = -1
        var socket: Int32 = -1
        var isStopped = false
        /// The instances alive, and what is known of each: nothing yet while it starts.
        var instances: [Int: (pid: pid_t, startTime: UInt64)?] = [:]
    }

    private let run: String
    private let directory: String
    private let removesDirectory: Bool
    private let loop: DescriptorLoop
    private let state = Mutex(State())

    /// - Parameters:
    ///   - run: the value of `LEVEROS_RUN_ID` that all instances get.
    ///   - directory: where the instances' sockets are; removed at the end where `removesDirectory` says so.
    init(run: String, directory: String, removesDirectory: Bool, loop: DescriptorLoop) {
        self.run = run
        self.directory = directory
        self.removesDirectory = removesDirectory
        self.loop = loop
    }

    /// Its process id, for tests.
    var pid: pid_t { state.withLock { $0.pid } }

    /// Starts the process.
    func start() throws {
        try state.withLock { try launch(&$0) }
    }

    /// Says that an instance is about to be started.
    ///
    /// - Throws: `RuntimeError` where the process cannot be had; the instance must not be started then.
    func willStart(_ number: Int) throws {
        try state.withLock { state in
            guard !state.isStopped else { throw RuntimeError(.stopped, "the process driver has been shut down") }
            state.instances[number] = .some(nil)
            if !Descriptor.send("starting \(number)\n", to: state.socket) { try launch(&state) }
        }
    }

    /// Says which process the instance is.
    func didStart(_ number: Int, pid: pid_t, startTime: UInt64) {
        update(number, to: (pid, startTime), line: "started \(number) \(pid) \(startTime)\n")
    }

    /// Says that nothing of the instance is left.
    func didEnd(_ number: Int) {
        update(number, to: nil, line: "ended \(number)\n")
    }

    /// Ends the process; all instances must have ended.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            guard state.socket >= 0 else { return }
            _ = Descriptor.send("quit\n", to: state.socket)
            close(state.socket)
            state.socket = -1
        }
    }

    private func update(_ number: Int, to process: (pid: pid_t, startTime: UInt64)??, line: String) {
        state.withLock { state in
            guard !state.isStopped else { return }
            if let process { state.instances[number] = process } else { state.instances[number] = nil }
            if !Descriptor.send(line, to: state.socket) { try? launch(&state) }
        }
    }

    /// Starts the process, in place of one that has ended or hangs, and tells it what the other knew.
    private func launch(_ state: inout State) throws {
        if state.socket >= 0 { close(state.socket) }
        state.socket = -1
        let pair = try Descriptor.socketPair()
        defer { close(pair.theirs) }
        let spawn = ProcessSpawn(
            path: "/bin/sh",
            arguments: ["sh", "-c", Self.script, "lever-reaper", run, directory, removesDirectory ? "yes" : "no"],
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin"], directory: "/", input: pair.theirs)
        switch spawn.start() {
        case .failure(let error):
            close(pair.ours)
            throw RuntimeError(
                .driver,
                "/bin/sh, which ends the instances when the host is killed, cannot be started: "
                    + Descriptor.message(error.number))
        case .success(let pid):
            state.pid = pid
            state.socket = pair.ours
            watch(pid)
        }
        var text = ""
        for (number, process) in state.instances {
            text += process.map { "started \(number) \($0.pid) \($0.startTime)\n" } ?? "starting \(number)\n"
        }
        if !text.isEmpty, !Descriptor.send(text, to: state.socket) {
            throw RuntimeError(.driver, "the process that ends the instances when the host is killed does not listen")
        }
    }

    /// Reaps the process when it ends, and starts another one unless that was intended.
    private func watch(_ pid: pid_t) {
        let descriptor = ProcessSignals.processDescriptor(pid)
        guard descriptor >= 0 else {
            poll(pid)
            return
        }
        loop.watch(descriptor) { [weak self] in
            close(descriptor)
            self?.ended(pid)
            return false
        }
    }

    private func poll(_ pid: pid_t) {
        loop.schedule(after: .milliseconds(100)) { [weak self] in
            if ProcessSignals.end(of: pid, reap: false) == nil { self?.poll(pid) } else { self?.ended(pid) }
        }
    }

    private func ended(_ pid: pid_t) {
        _ = ProcessSignals.end(of: pid, reap: true)
        // Not at once: where it cannot live, a loop of starts would take a processor.
        loop.schedule(after: .milliseconds(100)) { [weak self] in
            self?.state.withLock { state in
                guard !state.isStopped, state.pid == pid else { return }
                try? self?.launch(&state)
            }
        }
    }
}
