import LeverCore
import NIOCore

/// One end of a stream of gRPC messages, either side's: cuts what comes, holds back what its user has not taken yet, and lets
/// its user wait before it sends more than the peer takes. Confined to the connection's event loop.
///
/// Credit for received bytes goes back as messages are taken, and at once for a message that is not whole yet, or one longer
/// than the window could never come in.
final class GRPCMessagePort {
    enum Next {
        case message(ByteBuffer)
        case end
        case wait
    }

    private var stream: HTTP2Stream?
    private var splitter: GRPCMessageSplitter
    private let sendBuffer: Int

    /// Received bytes whose credit was not given back.
    private var owedCredit = 0
    /// Bytes handed to the stream that it has not sent.
    private(set) var unsent = 0
    private var receiver: WaitingTask<ByteBuffer?>?
    private var sender: WaitingTask<Void>?
    /// How the peer's half ended; what came before it is delivered first.
    private(set) var inputEnd: Result<Void, RPCError>?
    /// Why nothing can be sent any more.
    private var outputEnd: RPCError?

    init(_ configuration: GRPCConfiguration) {
        splitter = GRPCMessageSplitter(maximumLength: configuration.maximumMessageLength)
        sendBuffer = configuration.sendBuffer
    }

    func attach(_ stream: HTTP2Stream) {
        self.stream = stream
    }

    // MARK: Receiving

    func received(_ data: ByteBuffer, flowControlledLength: Int) {
        owedCredit += flowControlledLength
        splitter.append(data)
        deliver()
    }

    /// The peer has finished; with an error where the call ended with one.
    func inputEnded(_ error: RPCError? = nil) {
        guard inputEnd == nil else { return }
        if let error {
            inputEnd = .failure(error)
        } else if !splitter.hasNext, splitter.bufferedBytes > 0 {
            inputEnd = .failure(RPCError(.badMessage, "the last message was cut short"))
        } else {
            inputEnd = .success(())
        }
        deliver()
    }

    /// The next message, the end, or nothing yet. An error stays: it is thrown again.
    func next() throws(RPCError) -> Next {
        let before = splitter.bufferedBytes
        if let message = try splitter.next() {
            settle(before - splitter.bufferedBytes)
            return .message(message)
        }
        settle(0)
        switch inputEnd {
        case nil: return .wait
        case .success: return .end
        case .failure(let error): throw error
        }
    }

    private func settle(_ taken: Int) {
        let credit = splitter.hasNext ? min(taken, owedCredit) : owedCredit
        guard credit > 0 else { return }
        owedCredit -= credit
        stream?.giveCredit(credit)
    }

    /// Resumes a task with the next message.
    func receive(_ task: WaitingTask<ByteBuffer?>) {
        if receiver != nil {
            task.resume(.failure(RPCError(.conflict, "two tasks receive from one channel at the same time")))
            return
        }
        receiver = task
        deliver()
    }

    func cancelReceive(_ ticket: WaitTicket) {
        guard let task = receiver, task.has(ticket) else { return }
        receiver = nil
        task.resume(.failure(CancellationError()))
    }

    private func deliver() {
        guard let task = receiver else {
            // Without a whole message more has to come first, so its credit goes back.
            settle(0)
            return
        }
        do throws(RPCError) {
            switch try next() {
            case .wait: return
            case .message(let message):
                receiver = nil
                task.resume(.success(message))
            case .end:
                receiver = nil
                task.resume(.success(nil))
            }
        } catch {
            receiver = nil
            task.resume(.failure(error))
        }
    }

    // MARK: Sending

    /// Whether a message may be sent now without a wait.
    ///
    /// - Throws: why nothing can be sent any more.
    func hasRoom() throws(RPCError) -> Bool {
        if let outputEnd { throw outputEnd }
        return sender == nil && unsent < sendBuffer && stream != nil
    }

    func write(_ data: ByteBuffer, endStream: Bool = false) {
        guard let stream else { return }
        // Counted before it is sent: it may be gone, and told of, before that returns.
        unsent += data.readableBytes
        stream.send(data: data, endStream: endStream)
    }

    /// Resumes a task when there is room.
    func waitForRoom(_ task: WaitingTask<Void>) {
        if let outputEnd { return task.resume(.failure(outputEnd)) }
        if sender != nil {
            task.resume(.failure(RPCError(.conflict, "two tasks send to one channel at the same time")))
        } else if unsent < sendBuffer, stream != nil {
            task.resume(.success(()))
        } else {
            sender = task
        }
    }

    func cancelSend(_ ticket: WaitTicket) {
        guard let task = sender, task.has(ticket) else { return }
        sender = nil
        task.resume(.failure(CancellationError()))
    }

    func sent(_ count: Int) {
        unsent -= count
        guard unsent < sendBuffer, let task = sender else { return }
        sender = nil
        task.resume(.success(()))
    }

    /// Nothing can be sent any more.
    func outputEnded(_ error: RPCError) {
        guard outputEnd == nil else { return }
        outputEnd = error
        let task = sender
        sender = nil
        task?.resume(.failure(error))
    }

    /// Drops what was not taken and gives its credit back: nobody will take it.
    func discardInput(_ error: RPCError) {
        splitter = GRPCMessageSplitter(maximumLength: 0)
        inputEnd = .failure(error)
        deliver()
        if owedCredit > 0 {
            stream?.giveCredit(owedCredit)
            owedCredit = 0
        }
    }
}
