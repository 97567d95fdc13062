import LeverCore
import NIOCore

/// Answers `grpc.health.v1.Health/Check` at an instance, for whoever watches it with gRPC's own tools: it serves for as long as it
/// takes calls. A server that drains takes none, and so is not asked.
///
/// Known are the empty name, which means the server as a whole, and that of the one gRPC service here, `core.LeverRPC`. `Watch` is
/// not there: clients fall back to `Check` (GRPC Health Checking Protocol).
///
/// Unchecked: confined to the connection's event loop.
final class GRPCHealthCall: HTTP2StreamDelegate, @unchecked Sendable {
    static let path = "/grpc.health.v1.Health/Check"
    /// A name that is longer is none of ours.
    private static let maximumRequest = 1024
    /// `HealthCheckResponse` with the status SERVING, framed.
    private static let serving = ByteBuffer(bytes: [0, 0, 0, 0, 2, 0x08, 1])

    private var splitter = GRPCMessageSplitter(maximumLength: maximumRequest)
    private var isAnswered = false

    /// Whether a request asks for the server's health.
    static func isAsked(_ head: HTTP2Head) -> Bool {
        head.path == path && head.method == "POST" && GRPCRequestHead.isGRPC(contentType: head["content-type"])
    }

    func streamOpened(_ stream: HTTP2Stream) {}

    func stream(_ stream: HTTP2Stream, receivedHead head: HTTP2Head, endStream: Bool) {}

    func stream(_ stream: HTTP2Stream, receivedData data: ByteBuffer, flowControlledLength: Int, endStream: Bool) {
        stream.giveCredit(flowControlledLength)
        guard !isAnswered else { return }
        splitter.append(data)
        do throws(RPCError) {
            if let message = try splitter.next() {
                answer(stream, message)
            } else if endStream {
                refuse(stream, RPCError(.badMessage, "the call has no message with its arguments"))
            }
        } catch {
            refuse(stream, error)
        }
    }

    func stream(_ stream: HTTP2Stream, receivedTrailers trailers: HTTP2Head) {}

    func stream(_ stream: HTTP2Stream, sent count: Int) {}

    func streamEnded(_ stream: HTTP2Stream, _ end: HTTP2StreamEnd) {}

    private func answer(_ stream: HTTP2Stream, _ message: ByteBuffer) {
        guard let name = Self.service(message) else {
            return refuse(stream, RPCError(.badMessage, "the HealthCheckRequest cannot be decoded"))
        }
        guard name.isEmpty || name == "core.LeverRPC" else {
            return refuse(stream, RPCError(.noService, "there is no gRPC service \"\(name)\" here"))
        }
        isAnswered = true
        stream.send(head: GRPCStatus.responseHead)
        stream.send(data: Self.serving)
        stream.send(trailers: GRPCStatus.okTrailers)
    }

    private func refuse(_ stream: HTTP2Stream, _ error: RPCError) {
        isAnswered = true
        stream.send(head: GRPCStatus(error).trailersOnly, endStream: true)
    }

    /// Field 1 of the request, which is all that it has; `nil` where it is something else.
    private static func service(_ message: ByteBuffer) -> String? {
        var message = message
        guard message.readableBytes > 0 else { return "" }
        guard message.readInteger(as: UInt8.self) == 0x0A, let length = message.readInteger(as: UInt8.self),
            Int(length) == message.readableBytes
        else { return nil }
        return message.readString(length: Int(length))
    }
}
