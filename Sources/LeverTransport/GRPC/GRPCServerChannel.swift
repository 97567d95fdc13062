import LeverCore
import NIOCore

/// The handler's end of a channel over a stream.
final class GRPCServerChannel: TrailerChannel {
    private let call: GRPCServerCall
    private let writer: GRPCMessageWriter

    init(_ call: GRPCServerCall, _ writer: GRPCMessageWriter) {
        self.call = call
        self.writer = writer
    }

    func accept() async throws {
        call.eventLoop.onLoop { [call] in call.accept() }
    }

    func send(_ message: ChannelMessage) async throws {
        let framed = try writer.frame(.message(message))
        call.eventLoop.onLoop { [call] in call.accept() }
        try await call.sendBytes(framed)
    }

    func receive() async throws -> ChannelMessage? {
        call.eventLoop.onLoop { [call] in call.accept() }
        return try await call.receiveMessage()
    }

    /// The method's half ends with its status, when it returns; after this it can send nothing more.
    func finish() async throws {
        call.eventLoop.onLoop { [call] in
            call.accept()
            call.port.outputEnded(RPCError(.conflict, "the channel was finished; nothing more can be sent"))
        }
    }

    func setTrailer(_ name: String, _ value: String) {
        call.eventLoop.onLoop { [call] in call.addTrailer(name, value) }
    }

    func cancel() {
        call.eventLoop.onLoop { [call] in call.cancel() }
    }
}

extension GRPCServerChannel: EndableCall {
    /// Ends the channel for its caller with an error, and cancels the handler; from anywhere.
    func end(with error: RPCError) {
        call.eventLoop.onLoop { [call] in call.end(with: error) }
    }
}
