import LeverCore
import NIOCore

/// What a caller hears whose call is refused because the host's ``BufferBudget`` is used up.
enum BudgetRefusal {
    static let error = RPCError(.limitReached, "the host's buffers are full; try again later")

    /// The body over HTTP, in the form of all platform errors.
    static let body = ByteBuffer(
        string: "{\"error\":{\"code\":\"RESOURCE_EXHAUSTED\",\"message\":\"\(error.message)\"}}")

    static let headers: [(name: String, value: String)] = [
        ("content-type", "application/json"), ("content-length", String(body.readableBytes)),
        (RPCHeader.error, "platform"), (RPCHeader.errorReason, RPCError.Reason.limitReached.token),
    ]

    private static let grpcHead = GRPCStatus(error).trailersOnly
    private static let httpHead = HTTP2EncodedHead([(":status", "429")] + headers)

    /// Answers a request at once, and ends its stream.
    static func answer(_ stream: HTTP2Stream, head: HTTP2Head, endStream: Bool) {
        if head["content-type"]?.hasPrefix("application/grpc") == true {
            stream.send(head: grpcHead, endStream: true)
        } else {
            stream.send(head: httpHead, endStream: head.method == "HEAD")
            if head.method != "HEAD" { stream.send(data: body, endStream: true) }
        }
        // The whole answer is out, and what still comes is not wanted (RFC 9113, section 8.1).
        if !endStream { stream.reset(.noError) }
    }
}
