import LeverCore
import Synchronization

/// A service within the test's own process, which writes down what it is told of its resources.
final class ClockHandler: RPCHandler {
    private struct State {
        var log: [String] = []
        var held: [CheckedContinuation<Void, Never>] = []
        var isReleased = false
    }

    private let state = Mutex(State())

    /// What it was told: `new room`, `close room`, in order, and `left room` where a held call ends.
    var log: [String] { state.withLock { $0.log } }
    var held: Int { state.withLock { $0.held.count } }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        guard case .values(let values) = arguments else { return .bytes([]) }
        switch context.url.method.rawValue {
        case "NewResource":
            note("new", values)
            guard values.first?.stringValue?.hasPrefix("refused") != true else { return .error("no such room") }
            return .result(.null)
        case "CloseResource":
            note("close", values)
            return .result(.null)
        case "Echo":
            return .result(.array(values))
        case "Where":
            return .result(
                .array([.string(context.url.resource), context.epoch.map { .number(Double($0)) } ?? .null]))
        case "Caller":
            return .result(context.callerEnvironment.map { .string($0) } ?? .null)
        case "Fail":
            return .error(.object(["code": 7]))
        case "Refuse":
            throw RPCError(code: .failedPrecondition, message: "not now")
        case "Hold":
            // Whatever becomes of its caller.
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    if !state.isReleased { state.held.append(continuation) }
                    return state.isReleased
                }
                if goesOn { continuation.resume() }
            }
            note("left", [.string(context.url.resource)])
            return .result("held")
        default:
            throw RPCError(.noMethod, "service clock has no method \"\(context.url.method)\"")
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        while let message = try await channel.receive() { try await channel.send(message) }
    }

    /// Lets held calls go.
    func release() {
        let held = state.withLock { state in
            state.isReleased = true
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    private func note(_ what: String, _ values: [LeverValue]) {
        state.withLock { $0.log.append("\(what) \(values.first?.stringValue ?? "")") }
    }
}
