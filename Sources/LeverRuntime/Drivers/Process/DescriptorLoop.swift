import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One thread that waits for many descriptors to become readable and for timers: all instances of a driver together cost one
/// thread. Handlers run on it, one at a time; they must not block.
///
/// Not SwiftNIO, because its loops take sockets and pipes but no process descriptors, and these are what tells that an
/// instance has ended.
final class DescriptorLoop: Sendable {
    /// Called when the descriptor is readable or at its end; returns whether to go on watching.
    typealias Handler = @Sendable () -> Bool

    private struct Timer {
        var time: ContinuousClock.Instant
        var body: @Sendable () -> Void
    }

    private struct State {
        var added: [(descriptor: Int32, handler: Handler?)] = []
        var timers: [Timer] = []
        var isStopped = false
        var isAwake = false
    }

    private let state = Mutex(State())
    private let wakeReader: Int32
    private let wakeWriter: Int32

    /// Starts the thread.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` where the system has no descriptor or thread left.
    init() throws {
        let pipe = try Descriptor.pipe()
        wakeReader = pipe.reader
        wakeWriter = pipe.writer
        Descriptor.setNonBlocking(pipe.reader)
        Descriptor.setNonBlocking(pipe.writer)
        do {
            try SystemThread.start(name: "lever-process") { self.run() }
        } catch {
            close(pipe.reader)
            close(pipe.writer)
            throw error
        }
    }

    /// Calls the handler whenever the descriptor is readable, until it returns `false`.
    func watch(_ descriptor: Int32, _ handler: @escaping Handler) {
        update { $0.added.append((descriptor, handler)) }
    }

    /// No longer watches the descriptor, which may be closed right after when this is called on the loop's own thread.
    func unwatch(_ descriptor: Int32) {
        update { $0.added.append((descriptor, nil)) }
    }

    /// Runs the body on the loop's thread after a time.
    func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) {
        let timer = Timer(time: .now + delay, body: body)
        update { $0.timers.append(timer) }
    }

    /// Ends the thread; handlers and timers that have not run are dropped.
    func stop() {
        update { $0.isStopped = true }
    }

    private func update(_ change: (inout State) -> Void) {
        state.withLock { state in
            guard !state.isStopped else { return }
            change(&state)
            guard !state.isAwake else { return }
            state.isAwake = true
            var byte: UInt8 = 0
            _ = write(wakeWriter, &byte, 1)
        }
    }

    private func run() {
        var handlers: [Int32: Handler] = [:]
        var polled: [pollfd] = [pollfd(fd: wakeReader, events: Int16(POLLIN), revents: 0)]
        while true {
            let now = ContinuousClock.now
            var due: [Timer] = []
            var isChanged = false
            let (isStopped, next) = state.withLock { state in
                state.isAwake = false
                var byte: UInt8 = 0
                _ = read(wakeReader, &byte, 1)
                for (descriptor, handler) in state.added {
                    handlers[descriptor] = handler
                    isChanged = true
                }
                state.added.removeAll(keepingCapacity: true)
                if state.timers.contains(where: { $0.time <= now }) {
                    due = state.timers.filter { $0.time <= now }
                    state.timers.removeAll { $0.time <= now }
                }
                return (state.isStopped, state.timers.lazy.map(\.time).min())
            }
            if isStopped { break }
            for timer in due { timer.body() }
            if isChanged {
                polled = [polled[0]] + handlers.keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            }
            // A body may have added timers and descriptors; it has then written to the pipe, and poll returns at once.
            let timeout = next.map { Self.milliseconds(until: $0) } ?? -1
            guard poll(&polled, nfds_t(polled.count), timeout) > 0 else { continue }
            for entry in polled.dropFirst() where entry.revents != 0 {
                guard let handler = handlers[entry.fd], !handler() else { continue }
                handlers[entry.fd] = nil
                polled.removeAll { $0.fd == entry.fd }
            }
        }
        close(wakeReader)
        close(wakeWriter)
    }

    /// Rounded up, so that a timer is due when the wait is over.
    private static func milliseconds(until time: ContinuousClock.Instant) -> Int32 {
        let (seconds, attoseconds) = (time - .now).components
        guard seconds < 3600 else { return 3_600_000 }
        return max(0, Int32(seconds) * 1000 + Int32((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
    }
}
