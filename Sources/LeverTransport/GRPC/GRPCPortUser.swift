import LeverCore
import NIOCore

/// What is common to the two ends of a channel over a stream: tasks of any executor use the port on its event loop.
protocol GRPCPortUser: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }
    /// Used on the event loop only.
    var port: GRPCMessagePort { get }
}

extension GRPCPortUser {
    /// The next message's bytes; `nil` at the end.
    func receiveBytes() async throws -> ByteBuffer? {
        if eventLoop.inEventLoop {
            try Task.checkCancellation()
            switch try port.next() {
            case .message(let message): return message
            case .end: return nil
            case .wait: break
            }
        }
        return try await eventLoop.suspend {
            self.port.receive($0)
        } onCancel: {
            self.port.cancelReceive($0)
        }
    }

    /// The next message of the channel; `nil` at the end.
    func receiveMessage() async throws -> ChannelMessage? {
        while let bytes = try await receiveBytes() {
            switch try GRPCMessageWriter.streamMessage(bytes) {
            case .message(let message): return message
            // Carries nothing, so it is nothing.
            case .accepted: continue
            case .open: throw RPCError(.badMessage, "arguments came a second time in one channel")
            }
        }
        return nil
    }

    /// Sends bytes once there is room.
    func sendBytes(_ data: ByteBuffer) async throws {
        if eventLoop.inEventLoop {
            try Task.checkCancellation()
            if try port.hasRoom() {
                port.write(data)
                return
            }
        }
        try await eventLoop.suspend {
            self.port.waitForRoom($0)
        } onCancel: {
            self.port.cancelSend($0)
        }
        eventLoop.onLoop { self.port.write(data) }
    }
}
