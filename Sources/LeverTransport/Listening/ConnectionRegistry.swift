import NIOCore
import Synchronization

/// The open connections of a listener.
final class ConnectionRegistry: Sendable {
    /// How a connection ends. Both are called on its event loop.
    struct Entry: Sendable {
        let eventLoop: any EventLoop
        let drain: @Sendable () -> Void
        let close: @Sendable () -> Void
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
        var isClosing = false
        var isWaitingOver = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.entries.count } }

    /// Takes a connection, or what is known newly of how it ends.
    func set(_ channel: any Channel, _ entry: Entry) {
        let (isDraining, isClosing) = state.withLock { state in
            state.entries[ObjectIdentifier(channel)] = entry
            state.channels[ObjectIdentifier(channel)] = channel
            return (state.isDraining, state.isClosing)
        }
        if isClosing {
            entry.eventLoop.execute(entry.close)
        } else if isDraining {
            entry.eventLoop.execute(entry.drain)
        }
    }

    func remove(_ channel: any Channel) {
        let done = state.withLock { state in
            state.entries[ObjectIdentifier(channel)] = nil
            state.channels[ObjectIdentifier(channel)] = nil
            guard state.entries.isEmpty else { return [] as [CheckedContinuation<Void, Never>] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in done { continuation.resume() }
    }

    func drain() {
        let entries = state.withLock { state in
            state.isDraining = true
            return Array(state.entries.values)
        }
        for entry in entries { entry.eventLoop.execute(entry.drain) }
    }

    func close() {
        let entries = state.withLock { state in
            state.isClosing = true
            return Array(state.entries.values)
        }
        for entry in entries { entry.eventLoop.execute(entry.close) }
    }

    /// Breaks all connections without a word, as the end of a process does.
    func abort() {
        let channels = state.withLock { state in
            state.isClosing = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Returns when no connection is open, or once ``stopWaiting()`` was called, be that before or after.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard !state.entries.isEmpty, !state.isWaitingOver else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    func stopWaiting() {
        let waiting = state.withLock { state in
            state.isWaitingOver = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
