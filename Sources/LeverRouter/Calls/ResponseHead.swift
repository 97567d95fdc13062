import LeverCore
import LeverTransport
import NIOHPACK

/// A response head or trailers of an instance as they go on to the caller; kept with the decoded block, and since a
/// connection leads to one instance, valid for all that comes over it.
final class ResponseHead {
    private let encoded: HTTP2EncodedHead
    private let endsCall: Bool

    private init(encoded: HTTP2EncodedHead, endsCall: Bool) {
        self.encoded = encoded
        self.endsCall = endsCall
    }

    /// The head for the caller. Where the call ends with it, it names the version, and says who set a status other than 0.
    static func of(_ head: HTTP2Head, endsCall: Bool, version: Int) -> HTTP2EncodedHead {
        if let known = head.memo as? ResponseHead, known.endsCall == endsCall { return known.encoded }
        var list: [(name: String, value: String)] = []
        list.reserveCapacity(head.headers.count + 2)
        var status = "0"
        var namesOrigin = false
        for (name, value, _) in head.headers where !isDropped(name) {
            if name == "grpc-status" { status = value }
            if name == RPCHeader.error { namesOrigin = true }
            list.append((name, value))
        }
        if endsCall {
            list.append((RPCHeader.version, String(version)))
            if status != "0", !namesOrigin { list.append((RPCHeader.error, "instance")) }
        }
        let made = ResponseHead(encoded: HTTP2EncodedHead(list), endsCall: endsCall)
        head.memo = made
        return made.encoded
    }

    private static func isDropped(_ name: String) -> Bool {
        switch name {
        case RPCHeader.version, RPCHeader.internalGateway, RPCHeader.sourceEnvironment: true
        default: false
        }
    }
}
