import LeverCore

/// What a peer's final head says about its answer.
enum GRPCResponseHead {
    /// The error that makes an answer unusable; `nil` for the head of a gRPC answer.
    static func error(_ head: HTTP2Head) -> RPCError? {
        guard let status = head.status, status == 200 else {
            // A status that the peer did set says more than HTTP's.
            if let error = GRPCStatus(trailers: head)?.error { return error }
            return GRPCStatus.error(httpStatus: head.status ?? 0)
        }
        guard GRPCRequestHead.isGRPC(contentType: head["content-type"]) else {
            return RPCError(
                code: .unknown,
                message: "the peer answered \"\(head["content-type"] ?? "")\" instead of application/grpc",
                origin: .instance)
        }
        if let encoding = head["grpc-encoding"], encoding != "identity" {
            return RPCError(.unsupportedEncoding, "the peer answered with grpc-encoding \"\(encoding)\"")
        }
        return nil
    }

    /// The fields of trailers that are no part of the protocol, such as `lever-version`.
    static func metadata(_ head: HTTP2Head) -> [(name: String, value: String)] {
        head.headers.compactMap { name, value, _ in
            name.hasPrefix(":") || name.hasPrefix("grpc-") || name == "content-type" ? nil : (name, value)
        }
    }
}
