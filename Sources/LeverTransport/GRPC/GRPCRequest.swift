import LeverCore
import NIOCore

/// The head of a call as it is sent.
enum GRPCRequest {
    static func head(_ context: CallContext, timeout: Duration?) throws(RPCError) -> HTTP2EncodedHead {
        let isChannel = context.url.method.isChannel
        // In the order in which old programs send them.
        var fields: [(name: String, value: String)] = [
            (":method", "POST"), (":scheme", "http"),
            (":path", isChannel ? RPCHeader.channelPath : RPCHeader.unaryPath),
            (":authority", context.url.environment?.rawValue ?? "lever"),
            ("content-type", "application/grpc"), ("user-agent", "lever"), ("te", "trailers"),
            (RPCHeader.url, context.url.description),
        ]
        if let timeout { fields.append(("grpc-timeout", GRPCTimeout.format(timeout))) }
        if let id = context.callID { fields.append((RPCHeader.callID, id)) }
        if context.depth > 0 { fields.append((RPCHeader.callDepth, String(context.depth))) }
        if let epoch = context.epoch { fields.append((RPCHeader.resourceEpoch, String(epoch))) }
        if let term = context.hostTerm { fields.append((RPCHeader.hostTerm, String(term))) }
        if let gateway = context.internalGateway { fields.append((RPCHeader.internalGateway, gateway)) }
        if let source = context.callerEnvironment { fields.append((RPCHeader.sourceEnvironment, source)) }
        fields += context.metadata
        for (name, value) in fields.dropFirst(7) where !isValid(name: name) || !isValid(value: value) {
            throw RPCError(
                .badMessage, "the header \"\(name.prefix(64))\" with \"\(value.prefix(64))\" cannot be sent")
        }
        return HTTP2EncodedHead(fields)
    }

    private static func isValid(name: String) -> Bool {
        switch name {
        case "", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te", "host",
            "content-type", "content-length":
            return false
        default:
            return name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
                default: false
                }
            }
        }
    }

    private static func isValid(value: String) -> Bool {
        value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } && value.utf8.first != 0x20 && value.utf8.last != 0x20
    }
}

/// How a stream's end without a status reads as an error of the call.
extension RPCError {
    /// `wasOpened` says whether the peer had been reached.
    static func of(_ end: HTTP2StreamEnd, _ context: CallContext, wasOpened: Bool = true) -> RPCError {
        var error = text(of: end, context)
        error.cause = if case .notBegun = end { CallNotBegun(wasReached: wasOpened) } else { CallUnanswered() }
        return error
    }

    private static func text(of end: HTTP2StreamEnd, _ context: CallContext) -> RPCError {
        switch end {
        case .notBegun(let why):
            RPCError(.unreachable, "\"\(context.url)\" could not be reached: \(why)")
        case .resetByPeer(let code):
            GRPCStatus.error(reset: code)
        case .connectionLost(let why):
            RPCError(.instanceDied, "the connection was lost during the call of \"\(context.url)\": \(why)")
        case .resetLocally(let code, let why):
            RPCError(
                code: .internalError,
                message: "the peer broke the protocol (\(why ?? "error \(code.rawValue)")) in \"\(context.url)\"",
                origin: .instance)
        case .complete:
            RPCError(
                code: .unknown, message: "the peer ended the call of \"\(context.url)\" without a status",
                origin: .instance)
        }
    }
}
