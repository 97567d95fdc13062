import NIOCore

/// The two bodies of an exchange between its connection and its handler's tasks. Confined to the connection's event loop.
final class HTTPBodyPort {
    private var chunks: CircularBuffer<(data: ByteBuffer, credit: Int)> = []
    private(set) var bufferedBytes = 0
    private var receiver: WaitingTask<ByteBuffer?>?
    private(set) var inputEnd: Result<Void, HTTPExchangeError>?
    private var sender: WaitingTask<Void>?
    private(set) var outputEnd: HTTPExchangeError?
    private let taken: (Int) -> Void
    private let hasRoom: () -> Bool

    /// - Parameters:
    ///   - taken: told of the credit of each piece that the handler has taken.
    ///   - hasRoom: whether more of the response may be sent now.
    init(taken: @escaping (Int) -> Void, hasRoom: @escaping () -> Bool) {
        self.taken = taken
        self.hasRoom = hasRoom
    }

    // MARK: The request's body

    func received(_ data: ByteBuffer, credit: Int) {
        guard inputEnd == nil else { return taken(credit) }
        if data.readableBytes == 0 { return taken(credit) }
        if let task = receiver {
            receiver = nil
            taken(credit)
            task.resume(.success(data))
            return
        }
        chunks.append((data, credit))
        bufferedBytes += data.readableBytes
    }

    func inputEnded(_ error: HTTPExchangeError? = nil) {
        guard inputEnd == nil else { return }
        inputEnd = error.map { .failure($0) } ?? .success(())
        guard let task = receiver else { return }
        receiver = nil
        if let error { task.resume(.failure(error)) } else { task.resume(.success(nil)) }
    }

    func receive(_ task: WaitingTask<ByteBuffer?>) {
        if let (data, credit) = chunks.popFirst() {
            bufferedBytes -= data.readableBytes
            taken(credit)
            return task.resume(.success(data))
        }
        switch inputEnd {
        case .success: task.resume(.success(nil))
        case .failure(let error): task.resume(.failure(error))
        case nil:
            precondition(receiver == nil, "two tasks read one request's body")
            receiver = task
        }
    }

    func cancelReceive(_ ticket: WaitTicket) {
        guard let task = receiver, task.has(ticket) else { return }
        receiver = nil
        task.resume(.failure(CancellationError()))
    }

    /// Drops what nobody will take.
    func discardInput() {
        let dropped = chunks
        chunks = []
        bufferedBytes = 0
        for (_, credit) in dropped { taken(credit) }
    }

    // MARK: The response's body

    func waitForRoom(_ task: WaitingTask<Void>) {
        if let outputEnd { return task.resume(.failure(outputEnd)) }
        if hasRoom() { return task.resume(.success(())) }
        precondition(sender == nil, "two tasks send one response's body")
        sender = task
    }

    func cancelSend(_ ticket: WaitTicket) {
        guard let task = sender, task.has(ticket) else { return }
        sender = nil
        task.resume(.failure(CancellationError()))
    }

    func roomChanged() {
        guard let task = sender, hasRoom() else { return }
        sender = nil
        task.resume(.success(()))
    }

    func outputEnded(_ error: HTTPExchangeError) {
        guard outputEnd == nil else { return }
        outputEnd = error
        let task = sender
        sender = nil
        task?.resume(.failure(error))
    }
}
