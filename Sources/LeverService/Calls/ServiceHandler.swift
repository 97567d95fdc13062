internal import LeverCore
internal import Logging

/// One instance of a service, as a transport sees it: answers the calls of its methods, and the host's calls about resources.
struct ServiceHandler: RPCHandler {
    private let definition: ServiceDefinition
    private let resources: HeldResources

    init(_ definition: ServiceDefinition, logger: Logger) {
        self.definition = definition
        resources = HeldResources(definition.keepers, logger: logger)
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        do {
            return try await resources.hold(context) { context in
                try await CallContext.$current.withValue(context) {
                    guard let handler = definition.methods[context.url.method] else {
                        return try await callHook(context, arguments)
                    }
                    return try await handler(context, arguments)
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
            try await resources.hold(context) { context in
                try await CallContext.$current.withValue(context) {
                    guard let handler = definition.channels[context.url.method] else { throw noMethod(context.url) }
                    try await handler(context, arguments, channel)
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

    /// Closes the resources that are still held, when the instance ends.
    func closeResources() async {
        await resources.closeAll()
    }

    /// A method of the host's, whose one argument is a resource, but for `_Adopt`.
    private func callHook(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        let url = context.url
        if url.method == .adopt, url.resource.isEmpty { return try adopt(arguments) }
        guard url.resource.isEmpty, url.method == .newResource || url.method == .closeResource else {
            throw noMethod(url)
        }
        var reader = ArgumentReader(arguments, of: url.method, Signature(String.self))
        let name = try reader.next(String.self)
        try reader.finish()
        guard !name.isEmpty else {
            throw ArgumentFailure(
                error: RPCError(.badMessage, "argument 1 of \(url.method) is empty: it should name a resource"))
        }
        let term = context.hostTerm ?? 0
        if url.method == .newResource {
            try await resources.open(name, epoch: context.epoch, term: term)
        } else {
            try await resources.close(name, term: term)
        }
        return .result(.null)
    }

    /// Answers the host of a later run, whose term is the argument, what this instance has.
    private func adopt(_ arguments: RPCArguments) throws -> RPCReply {
        var reader = ArgumentReader(arguments, of: .adopt, Signature(UInt32.self))
        let term = try reader.next(UInt32.self)
        try reader.finish()
        let instance = InstanceID(InstanceEnvironment.current.instanceID ?? "")
        return .result(try resources.holdings(of: instance, term: term).value)
    }

    private func noMethod(_ url: LeverURL) -> ArgumentFailure {
        let names = url.method.isChannel ? Array(definition.channels.keys) : Array(definition.methods.keys)
        let meant = EditDistance.nearest(to: url.method.rawValue, among: names.map(\.rawValue))
        let hint = meant.map { "; did you mean \"\($0)\"?" } ?? ""
        return ArgumentFailure(
            error: RPCError(.noMethod, "service \(url.service) has no method \"\(url.method)\"" + hint))
    }
}
