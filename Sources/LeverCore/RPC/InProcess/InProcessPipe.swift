import DequeModule
import Synchronization

/// One direction of a channel within the process: a bounded queue of messages.
package final class InProcessPipe: Sendable {
    private typealias Sender = (ticket: Ticket, continuation: CheckedContinuation<Void, any Error>)
    private typealias Receiver = (ticket: Ticket, continuation: CheckedContinuation<ChannelMessage?, any Error>)

    private final class Ticket: Sendable {}

    private struct State {
        var queue: Deque<(message: ChannelMessage, cost: Int)> = []
        var cost = 0
        /// How it ended; what is queued before is delivered first.
        var end: Result<Void, any Error>?
        /// Whether the sender has said that it sends nothing more, with the end still to come.
        var isClosed = false
        var sender: Sender?
        var receiver: Receiver?
        var cancelled: [ObjectIdentifier] = []
    }

    private let bound: Int
    private let state = Mutex(State())

    /// Makes a queue that holds some `bound` bytes.
    package init(bound: Int) {
        self.bound = bound
    }

    package func send(_ message: ChannelMessage) async throws {
        try Task.checkCancellation()
        while try !offer(message) { try await waitForRoom() }
    }

    /// Queues a message, where there is room.
    private func offer(_ message: ChannelMessage) throws -> Bool {
        let (isTaken, receiver): (Bool, Receiver?) = try state.withLock { state in
            if case .failure(let error)? = state.end { throw error }
            guard state.end == nil, !state.isClosed else {
                throw RPCError(.conflict, "the channel was finished; nothing more can be sent")
            }
            if let receiver = state.receiver {
                state.receiver = nil
                return (true, receiver)
            }
            guard state.cost < bound else { return (false, nil) }
            let cost = Self.cost(message)
            state.queue.append((message, cost))
            state.cost += cost
            return (true, nil)
        }
        receiver?.continuation.resume(returning: message)
        return isTaken
    }

    private static func cost(_ message: ChannelMessage) -> Int {
        switch message {
        case .bytes(let bytes), .errorBytes(let bytes): 64 + bytes.count
        case .value(let value), .error(let value): cost(value)
        }
    }

    private static func cost(_ value: LeverValue) -> Int {
        switch value {
        case .null, .bool, .number: 64
        case .string(let text): 64 + text.utf8.count
        case .array(let values): values.reduce(64) { $0 + cost($1) }
        case .object(let object): object.reduce(64) { $0 + $1.key.utf8.count + cost($1.value) }
        }
    }

    private func waitForRoom() async throws {
        let ticket = Ticket()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let now: Result<Void, any Error>? = state.withLock { state in
                    if let index = state.cancelled.firstIndex(of: ObjectIdentifier(ticket)) {
                        state.cancelled.remove(at: index)
                        return .failure(CancellationError())
                    }
                    guard state.end == nil, state.cost >= bound else { return .success(()) }
                    guard state.sender == nil else {
                        return .failure(RPCError(.conflict, "two tasks send to one channel at the same time"))
                    }
                    state.sender = (ticket, continuation)
                    return nil
                }
                if let now { continuation.resume(with: now) }
            }
        } onCancel: {
            let waiting: Sender? = state.withLock { state in
                guard let sender = state.sender, sender.ticket === ticket else {
                    state.cancelled.append(ObjectIdentifier(ticket))
                    return nil
                }
                state.sender = nil
                return sender
            }
            waiting?.continuation.resume(throwing: CancellationError())
        }
        forget(ticket)
    }

    package func receive() async throws -> ChannelMessage? {
        try Task.checkCancellation()
        let ticket = Ticket()
        defer { forget(ticket) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<ChannelMessage?, any Error>) in
                let (now, sender): (Result<ChannelMessage?, any Error>?, Sender?) = state.withLock { state in
                    if let index = state.cancelled.firstIndex(of: ObjectIdentifier(ticket)) {
                        state.cancelled.remove(at: index)
                        return (.failure(CancellationError()), nil)
                    }
                    if let (message, cost) = state.queue.popFirst() {
                        state.cost -= cost
                        let sender = state.cost < bound ? state.sender : nil
                        if sender != nil { state.sender = nil }
                        return (.success(message), sender)
                    }
                    if let end = state.end { return (end.map { nil }, nil) }
                    guard state.receiver == nil else {
                        let error = RPCError(.conflict, "two tasks receive from one channel at the same time")
                        return (.failure(error), nil)
                    }
                    state.receiver = (ticket, continuation)
                    return (nil, nil)
                }
                if let now { continuation.resume(with: now) }
                sender?.continuation.resume()
            }
        } onCancel: {
            let waiting: Receiver? = state.withLock { state in
                guard let receiver = state.receiver, receiver.ticket === ticket else {
                    state.cancelled.append(ObjectIdentifier(ticket))
                    return nil
                }
                state.receiver = nil
                return receiver
            }
            waiting?.continuation.resume(throwing: CancellationError())
        }
    }

    /// A cancellation that came behind the end of a wait leaves nothing behind.
    private func forget(_ ticket: Ticket) {
        state.withLock { $0.cancelled.removeAll { $0 == ObjectIdentifier(ticket) } }
    }

    /// Nothing more can be sent, while the receiver goes on waiting for how it ends.
    package func close() {
        state.withLock { $0.isClosed = true }
    }

    /// Nothing more is sent: in order, or for an error.
    package func end(_ error: (any Error)? = nil) {
        let (sender, receiver): (Sender?, Receiver?) = state.withLock { state in
            guard state.end == nil else { return (nil, nil) }
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.sender = nil; state.receiver = nil }
            return (state.sender, state.receiver)
        }
        // The sender finds out why when it tries again.
        sender?.continuation.resume()
        if let error {
            receiver?.continuation.resume(throwing: error)
        } else {
            receiver?.continuation.resume(returning: nil)
        }
    }
}
