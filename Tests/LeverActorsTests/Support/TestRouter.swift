import LeverCore
import LeverService
import Synchronization

/// A host reduced to what actors need of it: activates a resource at its first call, with an epoch, and moves and closes them when
/// told to. Calls that it is asked for are noted.
final class TestRouter: RPCHandler {
    private struct State {
        var instance: (any RPCHandler)?
        var epochs: [String: UInt64] = [:]
        var lastEpoch: UInt64 = 0
        var calls: [String] = []
    }

    private let state = Mutex(State())

    /// The instance of the service.
    var instance: any RPCHandler {
        get { state.withLock { $0.instance! } }
        set { state.withLock { $0.instance = newValue } }
    }

    /// The calls that came, as `resource/method`.
    var calls: [String] { state.withLock { $0.calls } }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        state.withLock { $0.calls.append("\(context.url.resource)/\(context.url.method)") }
        return try await instance.call(try await routed(context), arguments)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        try await instance.open(try await routed(context), arguments, channel)
    }

    private func routed(_ context: CallContext) async throws -> CallContext {
        var context = context
        guard !context.url.resource.isEmpty else { return context }
        context.epoch = try await activate(context.url.resource)
        return context
    }

    /// Makes a resource come to the instance, unless it is there.
    @discardableResult
    func activate(_ resource: String) async throws -> UInt64 {
        let (epoch, isNew) = state.withLock { state in
            if let epoch = state.epochs[resource] { return (epoch, false) }
            state.lastEpoch += 1
            state.epochs[resource] = state.lastEpoch
            return (state.lastEpoch, true)
        }
        guard isNew else { return epoch }
        do {
            try await hook(.newResource, resource, epoch)
        } catch {
            state.withLock { $0.epochs[resource] = nil }
            throw error
        }
        return epoch
    }

    /// Makes a resource leave the instance. Calls that come meanwhile make it come again, after it has left.
    func close(_ resource: String) async throws {
        let epoch = state.withLock { $0.epochs[resource] ?? 0 }
        try await hook(.closeResource, resource, epoch)
        state.withLock { $0.epochs[resource] = nil }
    }

    private func hook(_ method: MethodName, _ resource: String, _ epoch: UInt64) async throws {
        var context = CallContext(
            url: LeverURL(environment: .default, service: try ServiceName("chat"), method: method))
        context.epoch = epoch
        switch try await instance.call(context, .values([.string(resource)])) {
        case .result, .bytes: return
        case .error(let value): throw RPCError(.resourceUnavailable, value.stringValue ?? value.description)
        case .errorBytes: throw RPCError(.resourceUnavailable, "bytes")
        }
    }
}
