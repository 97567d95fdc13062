public import Distributed
internal import LeverClient
internal import LeverCore

extension LeverActorSystem {
    /// Makes a call and waits for its result.
    ///
    /// - Throws: what the method throws where its type is known here, `RemoteError`, `RPCError`, `CancellationError`, and
    ///   `DecodingError` where the result has another form.
    public func remoteCall<Act: DistributedActor, Failure: Error, Success: Codable & Sendable>(
        on actor: Act, target: RemoteCallTarget, invocation: inout InvocationEncoder, throwing: Failure.Type,
        returning: Success.Type
    ) async throws -> Success where Act.ID == ActorID {
        let (url, reply) = try await reply(of: actor.id, Act.self, target, invocation)
        switch reply {
        case .result(let value): return try ActorCoding(system: self).decode(Success.self, from: value)
        case .bytes(let bytes): return try StandaloneBytes.decode(Success.self, from: bytes)
        case .error(let value): throw ErrorType.error(value, of: url, in: ActorCoding(system: self))
        case .errorBytes(let bytes): throw RemoteError(url: url, payload: .bytes(bytes))
        }
    }

    /// Makes a call of a method without a result, and waits for its end.
    ///
    /// - Throws: as ``remoteCall(on:target:invocation:throwing:returning:)``.
    public func remoteCallVoid<Act: DistributedActor, Failure: Error>(
        on actor: Act, target: RemoteCallTarget, invocation: inout InvocationEncoder, throwing: Failure.Type
    ) async throws where Act.ID == ActorID {
        let (url, reply) = try await reply(of: actor.id, Act.self, target, invocation)
        switch reply {
        case .result, .bytes: return
        case .error(let value): throw ErrorType.error(value, of: url, in: ActorCoding(system: self))
        case .errorBytes(let bytes): throw RemoteError(url: url, payload: .bytes(bytes))
        }
    }

    private func reply(
        of id: ActorID, _ type: Any.Type, _ target: RemoteCallTarget, _ invocation: InvocationEncoder
    ) async throws -> (LeverURL, RPCReply) {
        let method = try names.name(of: target)
        // A stub's methods are generic over the stub itself.
        guard invocation.types.allSatisfy({ $0 == type }) else {
            throw RPCError(
                .noMethod, "\(type).\(method) is generic: an actor that is elsewhere cannot be called with types")
        }
        guard let service = id.service ?? service else {
            throw RPCError(.badURL, "the actor \"\(id)\" names no service, and its system has none")
        }
        let url = LeverURL(
            environment: id.environment ?? environment, service: service, resource: id.resource, method: method)
        if configuration.staysWithinInstance, !hosted.isEmpty, let activation = hosted[complete(id)],
            let local = activation.enter()
        {
            return (
                url,
                try await activation.call(url, invocation.arguments, local, maximumDepth: configuration.maximumDepth)
            )
        }
        return (url, try await client.call(url, invocation.arguments, options: configuration.options))
    }
}
