public import LeverCore

/// What a service does: a handler for each method's name, and what happens when resources come and go.
///
/// It is written as components below each other:
///
/// ```swift
/// let definition = ServiceDefinition {
///     Method("SayHello") { (name: String) in "Hello, \(name)!" }
/// }
/// ```
///
/// A definition is a value and holds nothing that runs, so several instances can be made of one. What it keeps for each
/// resource is made with ``addResourceState(open:close:)``, and is each instance's own.
///
/// A name that is malformed, taken, or of the wrong kind is a mistake of the program: the process ends with a message that
/// says which.
public struct ServiceDefinition: Sendable {
    /// Answers the calls of a method. What it throws reaches the caller so: ``ServiceError``, `RemoteError` and `MethodError`s as
    /// the method's own error with their value, `RPCError` as a status, any other error as the method's own error with its
    /// description.
    public typealias MethodHandler = @concurrent @Sendable (CallContext, RPCArguments) async throws -> RPCReply

    /// Serves the calls of a channel method: the channel is open while it runs. Call `accept()` of the channel once the
    /// arguments fit; the first message sent or received does it, too. What it throws ends the channel, as for
    /// ``MethodHandler``.
    public typealias ChannelHandler =
        @concurrent @Sendable (CallContext, RPCArguments, any RPCChannel) async throws -> Void

    private(set) var methods: [MethodName: MethodHandler] = [:]
    private(set) var channels: [MethodName: ChannelHandler] = [:]
    var keepers: [ResourceKeeper] = []
    /// The names of methods that only some resources have.
    private var sharedNames: [MethodName: Set<ResourcePrefix>] = [:]

    /// A definition without methods.
    public init() {}

    /// Makes a definition of components.
    public init(_ components: [any ServiceComponent]) {
        components.add(to: &self)
    }

    /// Makes a definition of components below each other.
    public init(@ServiceBuilder _ components: () throws -> ServiceDefinition) rethrows {
        self = try components()
    }

    /// The names of all methods, channel methods included, in order.
    public var methodNames: [MethodName] {
        (Array(methods.keys) + Array(channels.keys)).sorted { $0.rawValue < $1.rawValue }
    }

    /// Adds a component.
    public mutating func add(_ component: some ServiceComponent) {
        component.add(to: &self)
    }

    /// Adds the handler of a method.
    ///
    /// - Parameters:
    ///   - name: The method's name, which does not end in `Chan`.
    ///   - handler: What answers its calls. Calls run it concurrently.
    public mutating func addMethod(_ name: String, _ handler: @escaping MethodHandler) {
        let name = Self.checked(name)
        if name.isChannel { Self.mistake("\"\(name)\" is the name of a channel method: make it a ChannelMethod") }
        if name == .newResource || name == .closeResource {
            Self.mistake("\"\(name)\" is called by the host: use OnNewResource, OnCloseResource or ResourceService")
        }
        if methods.updateValue(handler, forKey: name) != nil { Self.mistake("there are two methods \"\(name)\"") }
    }

    /// Adds the handler of a channel method.
    ///
    /// - Parameters:
    ///   - name: The method's name, which ends in `Chan` or `_chan`, or is `chan`.
    ///   - handler: What serves its channels. They run concurrently.
    public mutating func addChannelMethod(_ name: String, _ handler: @escaping ChannelHandler) {
        let name = Self.checked(name)
        if !name.isChannel { Self.mistake("\"\(name)\" is no name of a channel method: it should end in Chan") }
        if channels.updateValue(handler, forKey: name) != nil { Self.mistake("there are two methods \"\(name)\"") }
    }

    /// Puts a middleware around all methods that are there now; methods added later stand outside of it. The middleware that
    /// is added last sees a call first.
    public mutating func addMiddleware(_ middleware: some ServiceMiddleware) {
        methods = methods.mapValues { handler in
            { context, arguments in try await middleware.call(context, arguments, next: handler) }
        }
        channels = channels.mapValues { handler in
            { context, arguments, channel in
                try await middleware.open(context, arguments, channel, next: handler)
            }
        }
    }

    /// Adds the handler of a method that only some resources have; others may have another method of the same name.
    package mutating func addMethod(
        _ name: String, of prefixes: Set<ResourcePrefix>, _ handler: @escaping MethodHandler
    ) {
        let next = share(name, prefixes) ? methods.removeValue(forKey: Self.checked(name)) : nil
        guard let next else { return addMethod(name, handler) }
        addMethod(name) { context, arguments in
            let isIts = prefixes.contains { $0.contains(context.url.resource) }
            return try await (isIts ? handler : next)(context, arguments)
        }
    }

    /// Adds the handler of a channel method that only some resources have.
    package mutating func addChannelMethod(
        _ name: String, of prefixes: Set<ResourcePrefix>, _ handler: @escaping ChannelHandler
    ) {
        let next = share(name, prefixes) ? channels.removeValue(forKey: Self.checked(name)) : nil
        guard let next else { return addChannelMethod(name, handler) }
        addChannelMethod(name) { context, arguments, channel in
            let isIts = prefixes.contains { $0.contains(context.url.resource) }
            try await (isIts ? handler : next)(context, arguments, channel)
        }
    }

    /// Notes that a name is for some resources only; says whether a method of the same name for others is there already.
    private mutating func share(_ name: String, _ prefixes: Set<ResourcePrefix>) -> Bool {
        let name = Self.checked(name)
        let others = sharedNames[name]
        if others?.contains(where: { other in prefixes.contains { $0.overlaps(other) } }) == true {
            Self.mistake("there are two methods \"\(name)\" for the same resources")
        }
        if others == nil, methods[name] != nil || channels[name] != nil { return false }
        sharedNames[name, default: []].formUnion(prefixes)
        return others != nil
    }

    private static func checked(_ name: String) -> MethodName {
        do throws(RPCError) {
            return try MethodName(name)
        } catch {
            mistake(error.message)
        }
    }

    /// A name is written in the program, and a wrong one would show only when nobody can call the method. `fatalError`, since the
    /// texts of preconditions are not in release builds.
    private static func mistake(_ message: String) -> Never {
        fatalError("ServiceDefinition: \(message)")
    }
}

extension ServiceDefinition: ServiceComponent {
    /// Adds all that this definition has to another.
    public func add(to service: inout ServiceDefinition) {
        for (name, handler) in methods {
            if let prefixes = sharedNames[name] {
                service.addMethod(name.rawValue, of: prefixes, handler)
            } else {
                service.addMethod(name.rawValue, handler)
            }
        }
        for (name, handler) in channels {
            if let prefixes = sharedNames[name] {
                service.addChannelMethod(name.rawValue, of: prefixes, handler)
            } else {
                service.addChannelMethod(name.rawValue, handler)
            }
        }
        service.keepers += keepers
    }
}
