package import LeverCore

/// How a gRPC call ended, as its trailers say it.
package struct GRPCStatus {
    /// The error; `nil` for status 0.
    package let error: RPCError?

    /// The call was answered.
    package static var ok: Self { Self(error: nil) }

    private init(error: RPCError?) {
        self.error = error
    }

    /// The call ended with an error.
    package init(_ error: RPCError) {
        self.error = error
    }

    // MARK: Sending

    /// Trailers of a call that was answered, made once.
    package static let okTrailers = HTTP2EncodedHead([("grpc-status", "0")])
    /// The head of every answer that has messages, made once.
    package static let responseHead = HTTP2EncodedHead([
        (":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity"),
    ])

    /// The trailers behind messages.
    package var trailers: HTTP2EncodedHead {
        guard error != nil else { return Self.okTrailers }
        return HTTP2EncodedHead(fields)
    }

    /// The head of an answer without messages, which is head and trailers at once; sent with END_STREAM.
    package var trailersOnly: HTTP2EncodedHead {
        HTTP2EncodedHead(
            [(":status", "200"), ("content-type", "application/grpc"), ("grpc-accept-encoding", "identity")] + fields)
    }

    private var fields: [(name: String, value: String)] {
        guard let error else { return [("grpc-status", "0")] }
        var fields = [(name: "grpc-status", value: String(error.code.rawValue))]
        let message = GRPCMessageText.encode(error.message)
        if !message.isEmpty { fields.append(("grpc-message", message)) }
        fields.append((RPCHeader.error, error.origin == .instance ? "instance" : "platform"))
        if let reason = error.reason { fields.append((RPCHeader.errorReason, reason.token)) }
        return fields
    }

    // MARK: Receiving

    /// Reads the status of trailers, or of a head that is trailers at once; `nil` where they hold none.
    package init?(trailers: HTTP2Head) {
        guard let text = trailers["grpc-status"] else { return nil }
        let message = trailers["grpc-message"].map(GRPCMessageText.decode) ?? ""
        guard let number = Int(text), number >= 0 else {
            error = RPCError(
                code: .unknown, message: "the answer has the malformed grpc-status \"\(text)\"; \(message)",
                origin: .instance)
            return
        }
        guard number != 0 else {
            error = nil
            return
        }
        error = RPCError(
            code: RPCError.Code(rawValue: number) ?? .unknown, message: message,
            reason: trailers[RPCHeader.errorReason].map { RPCError.Reason(token: $0) },
            origin: trailers[RPCHeader.error] == "platform" ? .platform : .instance)
    }

    /// The error that an HTTP status without a gRPC status stands for (gRPC's "HTTP to gRPC status code mapping").
    package static func error(httpStatus: Int) -> RPCError {
        let code: RPCError.Code =
            switch httpStatus {
            case 400: .internalError
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404: .unimplemented
            case 429, 502, 503, 504: .unavailable
            default: .unknown
            }
        return RPCError(
            code: code, message: "the peer answered HTTP status \(httpStatus) instead of gRPC", origin: .instance)
    }

    /// The error that RST_STREAM stands for (gRPC over HTTP/2, "Errors").
    package static func error(reset code: HTTP2ErrorCode) -> RPCError {
        switch code {
        case .refusedStream: RPCError(.unreachable, "the peer refused the call")
        case .cancel: RPCError(.cancelled, "the peer cancelled the call")
        case .enhanceYourCalm: RPCError(.limitReached, "the peer takes no more calls now")
        case .inadequateSecurity: RPCError(.forbidden, "the peer asks for a safer connection")
        default:
            RPCError(
                code: .internalError, message: "the peer reset the call with HTTP/2 error \(code.rawValue)",
                origin: .instance)
        }
    }
}
