import LeverCore
import Synchronization

/// A service with a method for each thing that can happen to a call.
final class ProbeHandler: RPCHandler {
    struct Broken: Error {}

    /// What happened, by name.
    let events = Mutex<[String: Int]>([:])
    let contexts = Mutex<[CallContext]>([])

    func count(_ event: String) -> Int { events.withLock { $0[event] ?? 0 } }

    func note(_ event: String) { events.withLock { $0[event, default: 0] += 1 } }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        contexts.withLock { $0.append(context) }
        switch (context.url.method.rawValue, arguments) {
        case ("Echo", .values(let values)): return .result(.array(values))
        case ("Echo", .bytes(let bytes)): return .bytes(bytes)
        case ("Status", _): throw RPCError(code: .failedPrecondition, message: "100% of \"ünïcode\" and %41\nlines")
        case ("Reason", _): throw RPCError(.conflict, "the state does not allow it")
        case ("Break", _): throw Broken()
        case ("Hang", _):
            note("hang began")
            try? await Task.sleep(for: .seconds(3600))
            note(Task.isCancelled ? "hang cancelled" : "hang over")
            return .result(.null)
        default: throw RPCError(.noMethod, "there is no method \"\(context.url.method)\"")
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        contexts.withLock { $0.append(context) }
        switch context.url.method.rawValue {
        case "EchoChan":
            while let message = try await channel.receive() { try await channel.send(message) }
            note("echo over")
        case "CountChan":
            guard case .values(let values) = arguments, let count = values.first?.intValue else { return }
            for number in 0..<count { try await channel.send(.value(.number(Double(number)))) }
        case "IdleChan":
            note("idle began")
            defer { note("idle over") }
            try await channel.send(.value("open"))
            try await Task.sleep(for: .seconds(3600))
        default: throw RPCError(.noMethod, "there is no method \"\(context.url.method)\"")
        }
    }
}
