internal import Distributed
internal import LeverCore
internal import Synchronization

/// The names by which a program's distributed methods are called, found once for each. What Swift knows a method by differs between
/// an actor and the stub of its protocol; the name without labels is the same.
final class MethodNames: Sendable {
    private let known = Mutex<[String: Result<MethodName, RPCError>]>([:])

    /// The name of the method that a call is for.
    ///
    /// - Throws: `RPCError` where no name of a method can be made of it.
    func name(of target: RemoteCallTarget) throws(RPCError) -> MethodName {
        let identifier = target.identifier
        if let found = known.withLock({ $0[identifier] }) { return try found.get() }
        let found = Result { () throws(RPCError) in try Self.made(of: target) }
        // A program has as many as it has distributed methods.
        known.withLock { $0[identifier] = found }
        return try found.get()
    }

    /// Of `chat.Room.say(_:)`, or of `say(_:)` for a method in an extension.
    private static func made(of target: RemoteCallTarget) throws(RPCError) -> MethodName {
        let text = target.description
        let end = text.firstIndex(of: "(") ?? text.endIndex
        let start = text[..<end].lastIndex(of: ".").map(text.index(after:)) ?? text.startIndex
        let name = try MethodName(text[start..<end])
        if let problem = problem(with: name) { throw RPCError(.noMethod, problem) }
        return name
    }

    /// Why a distributed method cannot have this name; `nil` where it can.
    static func problem(with name: MethodName) -> String? {
        switch name {
        case .newResource, .closeResource: "\"\(name)\" is called by the host: a distributed method needs another name"
        case _ where name.isChannel:
            "\"\(name)\" is the name of a channel method: a distributed method needs another name"
        default: nil
        }
    }
}
