package import LeverCore
import NIOHPACK

/// Who sent a call, as far as this end knows it from the connection and not from headers.
package enum GRPCCallOrigin: Sendable {
    /// A host, for whose instance this end is: the headers that only hosts set are true.
    case host
    /// A caller, whose `x-` headers and other headers of hosts count for nothing; it belongs to an environment, or is outside.
    case caller(environment: EnvironmentName?)
}

/// What the head of a gRPC request says, read once and kept with the head. Confined to the connection's event loop.
final class GRPCRequestHead {
    /// What is wrong with it, as an answer; then nothing else counts.
    let refusal: HTTP2EncodedHead?
    let timeout: Duration?
    /// The call without its deadline.
    let context: CallContext?

    static func of(_ head: HTTP2Head, _ origin: GRPCCallOrigin, _ configuration: GRPCConfiguration) -> GRPCRequestHead {
        if let known = head.memo as? GRPCRequestHead { return known }
        let made = GRPCRequestHead(head, origin, configuration)
        if head.memo == nil { head.memo = made }
        return made
    }

    private init(_ head: HTTP2Head, _ origin: GRPCCallOrigin, _ configuration: GRPCConfiguration) {
        do throws(Refusal) {
            try Self.checkProtocol(head)
            do throws(RPCError) {
                let context = try Self.context(head, origin, configuration)
                timeout = try Self.timeout(head, isChannel: context.url.method.isChannel, configuration)
                self.context = context
                refusal = nil
            } catch {
                throw Refusal(head: GRPCStatus(error).trailersOnly)
            }
        } catch {
            refusal = error.head
            timeout = nil
            context = nil
        }
    }

    private struct Refusal: Error {
        let head: HTTP2EncodedHead
    }

    /// Whether a request is gRPC: `application/grpc`, alone or with `+proto` and parameters.
    static func isGRPC(contentType: String?) -> Bool {
        guard let contentType, contentType.utf8.starts(with: "application/grpc".utf8) else { return false }
        switch contentType.utf8.dropFirst("application/grpc".utf8.count).first {
        case nil, UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: " "): return true
        default: return false
        }
    }

    private static func checkProtocol(_ head: HTTP2Head) throws(Refusal) {
        guard isGRPC(contentType: head["content-type"]) else {
            throw Refusal(head: HTTP2EncodedHead([(":status", "415"), ("content-length", "0")]))
        }
        guard head.method == "POST" else {
            throw Refusal(head: HTTP2EncodedHead([(":status", "405"), ("allow", "POST"), ("content-length", "0")]))
        }
        if let subtype = head["content-type"]?.utf8.dropFirst("application/grpc+".utf8.count), !subtype.isEmpty,
            head["content-type"]?.utf8.dropFirst("application/grpc".utf8.count).first == UInt8(ascii: "+"),
            !subtype.starts(with: "proto".utf8)
        {
            let error = RPCError(
                .unsupportedEncoding, "the content type \"\(head["content-type"] ?? "")\" is not application/grpc+proto"
            )
            throw Refusal(head: GRPCStatus(error).trailersOnly)
        }
        if let encoding = head["grpc-encoding"], encoding != "identity" {
            let error = RPCError(
                .unsupportedEncoding, "grpc-encoding \"\(encoding)\" is not supported; only \"identity\" is")
            throw Refusal(head: GRPCStatus(error).trailersOnly)
        }
    }

    private static func context(
        _ head: HTTP2Head, _ origin: GRPCCallOrigin, _ configuration: GRPCConfiguration
    ) throws(RPCError) -> CallContext {
        let isChannel: Bool
        switch head.path {
        case RPCHeader.unaryPath: isChannel = false
        case RPCHeader.channelPath: isChannel = true
        default: throw RPCError(.noMethod, "there is no gRPC method \"\(head.path ?? "")\" here")
        }
        guard let text = head[RPCHeader.url] else {
            throw RPCError(.badURL, "the call names no destination: its header \"lever-url\" is missing")
        }
        var isFromHost = false
        if case .host = origin { isFromHost = true }
        var context = CallContext(url: isFromHost ? try LeverURL(ofHost: text) : try LeverURL(text))
        try context.checkKind(isChannel: isChannel)
        context.callID = head[RPCHeader.callID]
        if let text = head[RPCHeader.callDepth] {
            guard let depth = Int(text), depth >= 0 else {
                throw RPCError(.badMessage, "lever-call-depth \"\(text)\" is no number")
            }
            guard depth <= configuration.maximumDepth else {
                throw RPCError(.tooDeep, "the call is nested \(depth) deep; the limit is \(configuration.maximumDepth)")
            }
            context.depth = depth
        }
        switch origin {
        case .host:
            context.callerEnvironment = head[RPCHeader.sourceEnvironment]
            context.internalGateway = head[RPCHeader.internalGateway]
            context.epoch = head[RPCHeader.resourceEpoch].flatMap { UInt64($0) }
            context.hostTerm = head[RPCHeader.hostTerm].flatMap { UInt32($0) }
        case .caller(let environment):
            let destination = context.url.environment ?? environment ?? .default
            context.url.environment = destination
            if let environment, environment != destination { context.callerEnvironment = environment.rawValue }
        }
        for (name, value, _) in head.headers where isMetadata(name, isFromHost: isFromHost) {
            context.metadata.append((name, value))
        }
        return context
    }

    private static func isMetadata(_ name: String, isFromHost: Bool) -> Bool {
        switch name {
        case "content-type", "te", "user-agent", "content-length", "host", RPCHeader.internalGateway,
            RPCHeader.sourceEnvironment:
            false
        default:
            name.utf8.first != UInt8(ascii: ":") && !name.hasPrefix("grpc-") && !name.hasPrefix("lever-")
                && (isFromHost || !name.hasPrefix("x-"))
        }
    }

    private static func timeout(
        _ head: HTTP2Head, isChannel: Bool, _ configuration: GRPCConfiguration
    ) throws(RPCError) -> Duration? {
        guard let text = head["grpc-timeout"] else { return isChannel ? nil : configuration.defaultDeadline }
        guard let timeout = GRPCTimeout.parse(text) else {
            throw RPCError(.badMessage, "grpc-timeout \"\(text)\" is not 1 to 8 digits and a unit")
        }
        return min(timeout, configuration.maximumDeadline)
    }
}
