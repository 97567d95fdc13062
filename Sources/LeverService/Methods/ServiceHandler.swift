internal import LeverCore

/// Answers the calls of a service's methods, and the host's calls about resources.
struct ServiceHandler: RPCHandler {
    private let methods: MethodTable
    private let resources = ResourceTable()

    init(_ methods: MethodTable) {
        self.methods = methods
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        do {
            return try await resources.hold(context.url.resource) {
                try await CallContext.$current.withValue(context) {
                    try await body(of: context.url)(context, arguments)
                }
            }
        } catch {
            switch MethodFailure(error) {
            case .own(.value(let value)): return .error(value)
            case .own(.bytes(let bytes)): return .errorBytes(bytes)
            case .status(let error): throw error
            }
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        do {
            try await resources.hold(context.url.resource) {
                try await CallContext.$current.withValue(context) {
                    guard let body = methods.channels[context.url.method] else { throw noMethod(context.url) }
                    try await body(context, arguments, channel)
                }
            }
        } catch {
            switch MethodFailure(error) {
            case .own(.value(let value)): try await channel.send(.error(value))
            case .own(.bytes(let bytes)): try await channel.send(.errorBytes(bytes))
            case .status(let error): throw error
            }
        }
    }

    private func body(of url: LeverURL) throws -> MethodTable.Unary {
        if let body = methods.unary[url.method] { return body }
        switch url.method {
        case .newResource where url.resource.isEmpty:
            return resourceMethod { id in
                // It acts for the resource as any handler does, so closing waits for it, too.
                try await resources.hold(id) { try await methods.newResource?(id) }
            }
        case .closeResource where url.resource.isEmpty:
            return resourceMethod { id in
                try await resources.close(id) { try await methods.closeResource?(id) }
            }
        default: throw noMethod(url)
        }
    }

    /// A method of the host's, whose one argument is a resource.
    private func resourceMethod(_ body: @escaping @Sendable (String) async throws -> Void) -> MethodTable.Unary {
        { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, Signature(String.self))
            let id = try reader.next(String.self)
            try reader.finish()
            guard !id.isEmpty else {
                throw ArgumentFailure(
                    error: RPCError(
                        .badMessage, "argument 1 of \(context.url.method) is empty: it should name a resource"))
            }
            try await body(id)
            return .result(.null)
        }
    }

    private func noMethod(_ url: LeverURL) -> ArgumentFailure {
        ArgumentFailure(error: RPCError(.noMethod, "service \(url.service) has no method \"\(url.method)\""))
    }
}
