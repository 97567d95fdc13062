internal import Distributed
internal import LeverCore
internal import LeverService

/// What the methods of an actor type are called, and what runs them.
struct ActorMethodTable<Act: DistributedActor>: Sendable where Act.ActorSystem == LeverActorSystem {
    typealias Method = ResourceServicePart<Act>.MethodHandler
    typealias Channel = ResourceServicePart<Act>.ChannelHandler

    private(set) var methods: [MethodName: Method] = [:]
    private(set) var channels: [MethodName: Channel] = [:]

    /// Makes it of the type's distributed methods, and of further ones.
    init(_ system: LeverActorSystem, _ parts: [ResourceServicePart<Act>]) {
        for method in DistributedMethod.all(of: Act.self) {
            let name = Self.checked(method)
            guard methods[name] == nil else {
                Self.mistake(
                    "has several distributed methods \"\(name)\": labels do not tell them apart from elsewhere")
            }
            methods[name] = method.isGeneric ? Self.refused(method) : Self.executed(method, in: system)
        }
        guard !methods.isEmpty || !parts.isEmpty else {
            Self.mistake("has no distributed methods that could be found: is it generic, or local to a function?")
        }
        for part in parts {
            guard let name = try? MethodName(part.name), methods[name] == nil, channels[name] == nil else {
                Self.mistake("cannot have another method \"\(part.name)\"")
            }
            switch part.kind {
            case .method(let handler): methods[name] = Self.naming(handler, in: system)
            case .channelMethod(let handler): channels[name] = Self.naming(handler, in: system)
            }
        }
    }

    /// The names of the methods, for messages.
    var methodList: String { methods.keys.map(\.rawValue).sorted().joined(separator: ", ") }

    /// Calls a distributed method by what the runtime knows it by.
    private static func executed(_ method: DistributedMethod, in system: LeverActorSystem) -> Method {
        let signature = Signature(names: method.parameters)
        let identifier = method.identifier
        let execute: Method = { actor, context, arguments in
            let coding = ActorCoding(system: system)
            let reader = ArgumentReader(arguments, of: context.url.method, signature)
            // Nothing comes between the last argument that is read and the method.
            try reader.finish()
            var decoder = LeverActorSystem.InvocationDecoder(reader, coding)
            let handler = LeverActorSystem.ResultHandler(coding)
            try await system.executeDistributedTarget(
                on: actor, target: RemoteCallTarget(identifier), invocationDecoder: &decoder, handler: handler)
            return try handler.reply()
        }
        return naming(execute, in: system)
    }

    private static func refused(_ method: DistributedMethod) -> Method {
        { _, context, _ in
            throw ArgumentFailure(
                error: RPCError(
                    .noMethod, "\(Act.self).\(context.url.method) is generic: it cannot be called from elsewhere"))
        }
    }

    /// Lets errors of the program's types travel with the names of their types.
    private static func naming(_ method: @escaping Method, in system: LeverActorSystem) -> Method {
        { actor, context, arguments in
            do {
                return try await method(actor, context, arguments)
            } catch {
                throw try ErrorType.payload(of: error, in: ActorCoding(system: system)) ?? error
            }
        }
    }

    private static func naming(_ channel: @escaping Channel, in system: LeverActorSystem) -> Channel {
        { actor, context, arguments, messages in
            do {
                try await channel(actor, context, arguments, messages)
            } catch {
                throw try ErrorType.payload(of: error, in: ActorCoding(system: system)) ?? error
            }
        }
    }

    private static func checked(_ method: DistributedMethod) -> MethodName {
        let name: MethodName
        do throws(RPCError) {
            name = try MethodName(method.name)
        } catch {
            mistake("has a method that cannot be called: \(error.message)")
        }
        if let problem = MethodNames.problem(with: name) { mistake("has a method that cannot be called: \(problem)") }
        return name
    }

    /// `fatalError`, since the texts of preconditions are not in release builds.
    private static func mistake(_ message: String) -> Never {
        fatalError("Actors(\(Act.self).self): \(Act.self) \(message)")
    }
}
