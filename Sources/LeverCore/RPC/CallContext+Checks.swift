extension CallContext {
    /// Checks that a method is called as what it is: channel methods are opened, others are called.
    package func checkKind(isChannel: Bool) throws(RPCError) {
        guard url.method.isChannel != isChannel else { return }
        throw RPCError(
            .noMethod,
            isChannel
                ? "\"\(url.method)\" is no channel method: their names end in \"Chan\" or \"_chan\""
                : "\"\(url.method)\" is a channel method: open a channel instead of calling it")
    }

    /// The time until the deadline; `nil` where there is none.
    ///
    /// - Throws: where it has passed already.
    package func timeLeft() throws(RPCError) -> Duration? {
        guard let deadline else { return nil }
        let left = deadline - .now
        guard left > .zero else { throw RPCError(.deadline, "the deadline of \"\(url)\" has passed already") }
        return left
    }
}

extension RPCError {
    /// What a caller gets for an error that a handler threw: the text of an error that is no `RPCError` stays here.
    package static func thrown(_ error: any Error, by context: CallContext) -> RPCError {
        switch error {
        // What a handler's own call to elsewhere came to, such as that it never began, says nothing of this one.
        case let error as RPCError where error.cause is CallNotBegun || error.cause is CallUnanswered:
            RPCError(code: error.code, message: error.message, origin: .instance, cause: error)
        case let error as RPCError: error
        case is CancellationError: RPCError(.cancelled, "the method \"\(context.url.method)\" was cancelled")
        default: RPCError(.defect, "the method \"\(context.url.method)\" failed unexpectedly", cause: error)
        }
    }
}
