import DequeModule
import LeverCore
import Synchronization

/// Lines on their way to the files: each instance has a queue of its own, and all of them together have a bound.
///
/// Whoever adds lines never waits. Where there are too many, the oldest of the instance that adds more are dropped; the numbers
/// of those that are left say how many. One reader takes them in batches, from one instance after the other.
final class LogQueue: Sendable {
    /// Whose lines they are.
    struct Source: Hashable, Sendable {
        var service: ServiceID
        var instance: InstanceID
    }

    /// What is to be written at once. The lines count as waiting until the batch is given back or finished.
    struct Batch: Sendable {
        var source: Source
        var lines: [Line]
    }

    /// A line with its number.
    struct Line: Sendable {
        var number: Int
        var line: OutputLog.Line

        /// About what it costs in memory.
        fileprivate var cost: Int { line.bytes.count + 64 }

        func record(of instance: InstanceID) -> LogRecord {
            LogRecord(instance: instance, number: number, time: line.time, bytes: line.bytes[...])
        }
    }

    private struct Waiting {
        var lines: Deque<Line> = []
        /// What is being written.
        var taken: [Line] = []
        var bytes = 0
        /// Whether it has its place among those whose turn comes.
        var isReady = false
        /// Whether writing failed, and it has to wait.
        var isHeld = false
    }

    private struct State {
        var waiting: [Source: Waiting] = [:]
        var ready: Deque<Source> = []
        var bytes = 0
        var hasEnded = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let bytesPerInstance: Int
    private let bytes: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - bytesPerInstance: about how much may wait of one instance.
    ///   - bytes: about how much of all.
    init(bytesPerInstance: Int, bytes: Int) {
        self.bytesPerInstance = bytesPerInstance
        self.bytes = bytes
    }

    /// Bytes that wait.
    var waitingBytes: Int { state.withLock { $0.bytes } }

    // MARK: Adding

    /// Adds lines, oldest first; `number` is that of the line before them.
    func add(_ lines: [OutputLog.Line], after number: Int, of source: Source) {
        let reader = state.withLock { state in
            guard !state.hasEnded else { return nil as CheckedContinuation<Void, Never>? }
            // Taken out meanwhile, so that nothing is copied.
            var waiting = state.waiting.removeValue(forKey: source) ?? Waiting()
            for (index, line) in lines.enumerated() {
                let line = Line(number: number + index + 1, line: line)
                waiting.lines.append(line)
                waiting.bytes += line.cost
                state.bytes += line.cost
                while waiting.bytes > bytesPerInstance || state.bytes > bytes, let oldest = waiting.lines.popFirst() {
                    waiting.bytes -= oldest.cost
                    state.bytes -= oldest.cost
                }
            }
            put(waiting, back: source, &state)
            guard !state.ready.isEmpty else { return nil }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// Puts what waits of an instance back, and into its place where it may have its turn.
    private func put(_ waiting: Waiting, back source: Source, _ state: inout State) {
        var waiting = waiting
        if waiting.lines.isEmpty, waiting.isReady {
            // All of them were dropped: others hold the room.
            waiting.isReady = false
            state.ready.removeAll { $0 == source }
        }
        guard !waiting.lines.isEmpty || !waiting.taken.isEmpty || waiting.isHeld else { return }
        if !waiting.lines.isEmpty, waiting.taken.isEmpty, !waiting.isReady, !waiting.isHeld {
            waiting.isReady = true
            state.ready.append(source)
        }
        state.waiting[source] = waiting
    }

    /// Forgets what waits of a service.
    func forget(_ service: ServiceID) {
        state.withLock { state in
            for (source, waiting) in state.waiting where source.service == service {
                state.bytes -= waiting.bytes
                state.waiting[source] = nil
            }
            state.ready.removeAll { $0.service == service }
        }
    }

    /// Says that nothing more comes.
    func end() {
        let reader = state.withLock { state in
            state.hasEnded = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: Writing

    /// The next lines, about `bytes` of them; waits where there are none, `nil` once there will be none. Only one may ask.
    func next(bytes: Int) async -> Batch? {
        while true {
            let (batch, hasEnded) = state.withLock { (take(bytes, &$0), $0.hasEnded) }
            if let batch { return batch }
            if hasEnded { return nil }
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.hasEnded || !state.ready.isEmpty { return true }
                    precondition(state.reader == nil, "a queue of log lines has one reader")
                    state.reader = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        }
    }

    private func take(_ bytes: Int, _ state: inout State) -> Batch? {
        while let source = state.ready.popFirst() {
            guard var waiting = state.waiting.removeValue(forKey: source) else { continue }
            waiting.isReady = false
            var taken = 0
            while taken < bytes, let line = waiting.lines.popFirst() {
                waiting.taken.append(line)
                taken += line.cost
            }
            state.waiting[source] = waiting
            return Batch(source: source, lines: waiting.taken)
        }
        return nil
    }

    /// Whether a batch is still wanted: its service has not been forgotten.
    func wants(_ batch: Batch) -> Bool {
        state.withLock { $0.waiting[batch.source]?.taken.isEmpty == false }
    }

    /// The first lines of a batch are written; the others wait on, held back where it could not be done.
    func finish(_ batch: Batch, written: Int, isHeld: Bool) {
        state.withLock { state in
            guard var waiting = state.waiting.removeValue(forKey: batch.source) else { return }
            let cost = waiting.taken.prefix(written).reduce(0) { $0 + $1.cost }
            waiting.bytes -= cost
            state.bytes -= cost
            waiting.lines.prepend(contentsOf: waiting.taken.dropFirst(written))
            waiting.taken = []
            waiting.isHeld = isHeld
            put(waiting, back: batch.source, &state)
        }
    }

    /// Gives an instance that was held back its turn again.
    func release(_ source: Source) {
        let reader = state.withLock { state in
            guard var waiting = state.waiting.removeValue(forKey: source) else {
                return nil as CheckedContinuation<Void, Never>?
            }
            waiting.isHeld = false
            put(waiting, back: source, &state)
            guard !state.ready.isEmpty else { return nil }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    // MARK: Looking

    /// What waits of a service, each instance's lines oldest first; those that are being written are among them.
    func lines(of service: ServiceID, instance: InstanceID?) -> [LogRecord] {
        state.withLock { state in
            state.waiting.flatMap { source, waiting -> [LogRecord] in
                guard source.service == service, instance == nil || source.instance == instance else { return [] }
                return (waiting.taken + waiting.lines).map { $0.record(of: source.instance) }
            }
        }
    }

    /// Lines that wait.
    var count: Int { state.withLock { $0.waiting.values.reduce(0) { $0 + $1.lines.count + $1.taken.count } } }
}
