internal import LeverCore

/// Calls services of a host in memory: from outside, or, in a handler, from the handler's instance.
struct TestTransport: RPCTransport {
    let host: LeverTestHost

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        guard case .reply(let reply) = try await answer(context, arguments, isChannel: false) else {
            throw RPCError(.defect, "\"\(context.url)\" was answered by a channel")
        }
        return reply
    }

    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        guard case .channel(let channel) = try await answer(context, arguments, isChannel: true) else {
            throw RPCError(.defect, "\"\(context.url)\" was answered without a channel")
        }
        return channel
    }

    private func answer(
        _ context: CallContext, _ arguments: RPCArguments, isChannel: Bool
    ) async throws -> CallAnswer {
        try Task.checkCancellation()
        let maker = CallMaker.current
        await maker?.link.pass()
        let outcome = Outcome<CallAnswer>()
        let number = host.act { $0.begin(context, arguments, isChannel: isChannel, from: maker, outcome) }
        let answer = try await withTaskCancellationHandler {
            try await outcome.value()
        } onCancel: {
            host.act { $0.cancel(number) }
        }
        await maker?.link.pass()
        return answer
    }
}
