import CProcess

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Signals and ends of processes that this process started.
enum ProcessSignals {
    /// Signals a process group whose leader has not been reaped, so that its number cannot belong to anybody else.
    static func send(_ signal: Int32, toGroup leader: pid_t) {
        _ = send(signal, to: -leader)
    }

    /// Kills a process, unless another one has its number by now.
    static func kill(_ process: ProcessRecord) {
        guard process.pid > 1, ProcessTable.status(of: process.pid)?.startTime == process.startTime else { return }
        _ = send(SIGKILL, to: process.pid)
    }

    private static func send(_ signal: Int32, to pid: pid_t) -> Int32 {
        #if canImport(Glibc)
        Glibc.kill(pid, signal)
        #else
        Darwin.kill(pid, signal)
        #endif
    }

    /// How a child ended; `nil` while it runs. `reap` gives its number free.
    static func end(of pid: pid_t, reap: Bool) -> InstanceEnd? {
        var information = siginfo_t()
        var options = WEXITED | WNOHANG
        if !reap { options |= WNOWAIT }
        var result: Int32
        repeat { result = waitid(P_PID, id_t(pid), &information, options) } while result != 0 && errno == EINTR
        guard result == 0 else {
            // Somebody else in this process has waited for all children: it is gone, and nobody knows how.
            return errno == ECHILD ? .unknown : nil
        }
        #if canImport(Glibc)
        let (ended, status) = (information._sifields._sigchld.si_pid, information._sifields._sigchld.si_status)
        #else
        let (ended, status) = (information.si_pid, information.si_status)
        #endif
        guard ended == pid else { return nil }
        return information.si_code == CLD_EXITED ? .code(Int(status)) : .signal(Int(status))
    }

    /// How a child ended, as far as the system says.
    enum InstanceEnd {
        case code(Int)
        case signal(Int)
        case unknown
    }

    /// A descriptor that becomes readable when the process ends, or −1 where the system has none; then one has to ask at
    /// intervals.
    static func processDescriptor(_ pid: pid_t) -> Int32 {
        lever_process_descriptor(pid)
    }
}
