internal import LeverCore
internal import Logging

/// What an instance keeps for the calls that it answers, found through their context. All calls share one, but those for a
/// resource that has state share one of the resource's.
final class CallScope: Sendable {
    let logger: Logger
    private let states: [(key: ResourceStateKey, state: any Sendable)]

    init(logger: Logger, states: [(key: ResourceStateKey, state: any Sendable)] = []) {
        self.logger = logger
        self.states = states
    }

    /// The state that a component keeps; `nil` where the resource is not here. There are few, so they are looked through.
    func state(_ key: ResourceStateKey) -> (any Sendable)? {
        states.first { $0.key === key }?.state
    }

    static func of(_ context: CallContext) -> CallScope? {
        context.scope as? CallScope
    }
}

/// Identifies what one component keeps for each resource.
final class ResourceStateKey: Sendable {}
