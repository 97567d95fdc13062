import LeverCore
import Synchronization

/// A service within the test's process that writes down lines in the order in which they come.
final class Journal: RPCHandler {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func note(_ line: String) {
        state.withLock { $0.append(line) }
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        guard context.url.method.rawValue == "Note", case .values(let values) = arguments,
            let line = values.first?.stringValue
        else { throw RPCError(.noMethod, "the journal has no method \"\(context.url.method)\"") }
        note(line)
        return .result(.null)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        throw RPCError(.noMethod, "the journal has no method \"\(context.url.method)\"")
    }
}
