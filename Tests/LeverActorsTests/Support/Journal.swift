import Synchronization
import Testing

/// What happened, in order.
final class Journal: Sendable {
    private let lines = Mutex<[String]>([])

    func add(_ line: String) { lines.withLock { $0.append(line) } }

    var all: [String] { lines.withLock { $0 } }

    /// Waits until a line is there; gives up after some ten seconds.
    func wait(for line: String) async throws {
        for _ in 0..<2_000 {
            if all.contains(line) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("\"\(line)\" did not happen; what did is \(all)")
    }
}

/// A door that opens once.
final class Door: Sendable {
    private static let doors = Mutex<[String: Door]>([:])
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    /// The one of a name, which actors can be told.
    static func named(_ name: String) -> Door {
        doors.withLock { doors in
            if let door = doors[name] { return door }
            let door = Door()
            doors[name] = door
            return door
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
