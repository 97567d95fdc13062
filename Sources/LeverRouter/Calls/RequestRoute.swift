import LeverCore
import LeverTransport
import NIOHPACK

/// What one request head says about its call, read once and kept with the head: heads that repeat cost nothing the
/// second time. Confined to the event loop of the connection that the head came over.
final class RequestRoute {
    /// What is wrong with the head; then nothing else counts.
    let refusal: RPCError?
    let service: ServiceID
    let timeout: Duration?
    let isChannel: Bool
    /// The resource that the call names.
    let resource: ResourceID?
    /// `lever-call-id` of a call that names a resource: other calls only pass it on.
    let callID: String?

    private let headers: HPACKHeaders
    private let url: String
    private let caller: Caller
    @exclusivity(unchecked) private var lookup: (generation: UInt64, result: Result<CallDestination, RPCError>)?
    @exclusivity(unchecked) private var forwarded:
        (route: ServiceRoute, gateway: String?, epoch: Epoch?, head: HTTP2EncodedHead)?

    init(_ head: HTTP2Head, from caller: Caller, _ configuration: RouterConfiguration) {
        headers = head.headers
        self.caller = caller
        let refusal: RPCError?
        var destination = LeverURL(environment: .admin, service: .admin, method: .newResource)
        var timeout: Duration?
        do throws(RPCError) {
            destination = try Self.destination(head)
            timeout = try Self.timeout(head, isChannel: destination.method.isChannel, configuration)
            try Self.checkDepth(head, configuration)
            refusal = nil
        } catch {
            refusal = error
        }
        let environment = destination.environment ?? caller.environment ?? .default
        destination.environment = environment
        self.refusal = refusal
        self.timeout = timeout
        service = ServiceID(environment: environment, service: destination.service)
        resource = destination.resource.isEmpty ? nil : ResourceID(destination.resource)
        callID = resource == nil ? nil : head[RPCHeader.callID]
        url = destination.description
        isChannel = destination.method.isChannel
    }

    /// Where the call goes, by the loop's snapshot of this moment.
    func lookUp(in router: LoopRouter) throws(RPCError) -> CallDestination {
        if let lookup, lookup.generation == router.snapshot.generation { return try lookup.result.get() }
        let result: Result<CallDestination, RPCError>
        do throws(RPCError) {
            result = .success(try router.destination(service, resource, for: caller))
        } catch {
            result = .failure(error)
        }
        lookup = (router.snapshot.generation, result)
        return try result.get()
    }

    /// The head as it goes to an instance of the route's service, or to the one that holds the resource; then with the call's
    /// id where the caller gave none.
    func forwardedHead(
        for route: ServiceRoute, _ instance: InstanceRoute, _ activation: ActivationRoute?, callID: String?
    ) -> HTTP2EncodedHead {
        let head = commonHead(for: route, instance.internalGateway ?? route.internalGateway, activation?.epoch)
        guard activation != nil, self.callID == nil, let callID else { return head }
        return HTTP2EncodedHead(head, followedBy: [(RPCHeader.callID, callID)])
    }

    /// What calls with this head have in common.
    private func commonHead(for route: ServiceRoute, _ gateway: String?, _ epoch: Epoch?) -> HTTP2EncodedHead {
        if let forwarded, forwarded.route === route, forwarded.epoch == epoch, forwarded.gateway == gateway {
            return forwarded.head
        }
        var list: [(name: String, value: String)] = [
            (":method", "POST"), (":scheme", "http"),
            (":path", isChannel ? RPCHeader.channelPath : RPCHeader.unaryPath),
            (":authority", headers.first(name: ":authority") ?? service.environment.rawValue),
        ]
        list.reserveCapacity(headers.count + 5)
        var hasTimeout = false
        for (name, value, _) in headers where !Self.isDropped(name) {
            if name == "grpc-timeout" { hasTimeout = true }
            list.append((name, name == RPCHeader.url ? url : value))
        }
        if !hasTimeout, let timeout { list.append(("grpc-timeout", GRPCTimeout.format(timeout))) }
        if let epoch { list.append((RPCHeader.resourceEpoch, "\(epoch)")) }
        if let gateway { list.append((RPCHeader.internalGateway, gateway)) }
        if let source = caller.environment, source != service.environment {
            list.append((RPCHeader.sourceEnvironment, source.rawValue))
        }
        let head = HTTP2EncodedHead(list)
        forwarded = (route, gateway, epoch, head)
        return head
    }

    private static func destination(_ head: HTTP2Head) throws(RPCError) -> LeverURL {
        let isChannelCall: Bool
        switch head.path {
        case RPCHeader.unaryPath: isChannelCall = false
        case RPCHeader.channelPath: isChannelCall = true
        default: throw RPCError(.noMethod, "there is no gRPC method \"\(head.path ?? "")\" here")
        }
        guard let text = head[RPCHeader.url] else {
            throw RPCError(.badURL, "the call names no destination: its header \"lever-url\" is missing")
        }
        let url = try LeverURL(text)
        try url.method.checkIsForCallers()
        guard url.method.isChannel == isChannelCall else {
            throw RPCError(
                .noMethod,
                isChannelCall
                    ? "\"\(url.method)\" is no channel method: their names end in \"Chan\" or \"_chan\""
                    : "\"\(url.method)\" is a channel method: open a channel instead of calling it")
        }
        return url
    }

    private static func timeout(
        _ head: HTTP2Head, isChannel: Bool, _ configuration: RouterConfiguration
    ) throws(RPCError) -> Duration? {
        guard let text = head["grpc-timeout"] else { return isChannel ? nil : configuration.defaultDeadline }
        guard let timeout = GRPCTimeout.parse(text) else {
            throw RPCError(.badMessage, "grpc-timeout \"\(text)\" is not 1 to 8 digits and a unit")
        }
        return min(timeout, configuration.maximumDeadline)
    }

    private static func checkDepth(_ head: HTTP2Head, _ configuration: RouterConfiguration) throws(RPCError) {
        guard let text = head[RPCHeader.callDepth] else { return }
        guard let depth = Int(text), depth >= 0 else {
            throw RPCError(.badMessage, "lever-call-depth \"\(text)\" is no number")
        }
        guard depth <= configuration.maximumDepth else {
            throw RPCError(
                .tooDeep, "the call is nested \(depth) deep; the limit is \(configuration.maximumDepth)")
        }
    }

    /// Headers that end here: pseudo-headers (written anew), those only the host may set, and every `x-` header of a caller.
    static func isDropped(_ name: String) -> Bool {
        switch name {
        case RPCHeader.resourceEpoch, RPCHeader.version, RPCHeader.error, RPCHeader.errorReason, "content-length": true
        default: name.utf8.first == UInt8(ascii: ":") || name.hasPrefix("x-")
        }
    }
}

extension MethodName {
    /// What the host alone calls, and never through the router, is refused to everybody else.
    func checkIsForCallers() throws(RPCError) {
        guard self == .newResource || self == .closeResource else { return }
        throw RPCError(.noMethod, "method \"\(self)\" is not callable: only the host calls it")
    }
}
