internal import LeverCore

/// Who makes a call: the handler of an instance. Handed down to the calls that are made on its behalf.
final class CallMaker: Sendable {
    let environment: EnvironmentName
    let callID: String
    let link: Link
    /// When the call that the handler answers has to be answered, in virtual time.
    let deadline: ContinuousClock.Instant?

    /// The handler that the running task belongs to.
    @TaskLocal static var current: CallMaker?

    init(environment: EnvironmentName, callID: String, link: Link, deadline: ContinuousClock.Instant?) {
        self.environment = environment
        self.callID = callID
        self.link = link
        self.deadline = deadline
    }
}

/// What a caller gets.
enum CallAnswer: Sendable {
    case reply(RPCReply)
    case channel(any RPCChannel)
}

/// One call on its way. Only touched within ``LeverTestHost/act(_:)``.
final class WorldCall: @unchecked Sendable {
    enum State {
        case searching
        case waiting
        case inside
        case ended
    }

    let number: Int
    let service: WorldService
    var context: CallContext
    let arguments: RPCArguments
    let isChannel: Bool
    let outcome: Outcome<CallAnswer>
    let begun: ContinuousClock.Instant
    let deadline: ContinuousClock.Instant?
    var state = State.searching
    var deadlineTimer: Int?
    var instance: WorldInstance?
    var activation: WorldActivation?
    var channel: TestChannelPair?
    /// Runs its handler; kept until that has returned.
    var task: Task<Void, Never>?

    var resource: ResourceID? { context.url.resource.isEmpty ? nil : ResourceID(context.url.resource) }
    var callID: String { context.callID ?? "" }

    init(
        number: Int, service: WorldService, context: CallContext, arguments: RPCArguments, isChannel: Bool,
        outcome: Outcome<CallAnswer>, begun: ContinuousClock.Instant, deadline: ContinuousClock.Instant?
    ) {
        self.number = number
        self.service = service
        self.context = context
        self.arguments = arguments
        self.isChannel = isChannel
        self.outcome = outcome
        self.begun = begun
        self.deadline = deadline
    }
}
