import Synchronization

/// One end of a channel within the process.
final class InProcessChannel: RPCChannel {
    /// Both ends, the handler's task and the deadline.
    final class Pair: Sendable {
        private let toHandler: InProcessPipe
        private let toCaller: InProcessPipe
        /// Any reply means that the handler has accepted.
        private let opening = FirstReply()
        private let context: CallContext
        private let tasks = Mutex<(isOver: Bool, list: [Task<Void, Never>])>((false, []))

        init(_ context: CallContext, bound: Int) {
            self.context = context
            toHandler = InProcessPipe(bound: bound)
            toCaller = InProcessPipe(bound: bound)
        }

        func open(
            _ handler: any RPCHandler, _ context: CallContext, _ arguments: RPCArguments
        ) async throws -> any RPCChannel {
            let inner = InProcessChannel(self, incoming: toHandler, outgoing: toCaller, isHandlers: true)
            do {
                try Task.checkCancellation()
                add(Task { await self.serve(handler, context, arguments, inner) })
                if let deadline = context.deadline { add(Task { await self.watch(deadline) }) }
                _ = try await opening.value()
            } catch {
                if error is CancellationError { end(RPCError(.cancelled, "the caller of \"\(context.url)\" is gone")) }
                throw error
            }
            return InProcessChannel(self, incoming: toCaller, outgoing: toHandler, isHandlers: false)
        }

        private func serve(
            _ handler: any RPCHandler, _ context: CallContext, _ arguments: RPCArguments, _ inner: InProcessChannel
        ) async {
            do {
                try await handler.open(context, arguments, inner)
                accept()
                toCaller.end()
                end(RPCError(.cancelled, "the method \"\(context.url.method)\" has returned"))
            } catch {
                end(RPCError.thrown(error, by: context))
            }
        }

        private func watch(_ deadline: ContinuousClock.Instant) async {
            try? await Task.sleep(until: deadline, clock: .continuous)
            if !Task.isCancelled { end(RPCError(.deadline, "the channel \"\(context.url)\" did not end in time")) }
        }

        func accept() {
            opening.finish(.success(.result(.null)))
        }

        /// Ends both directions; what was ended in order before stays so.
        func end(_ error: RPCError) {
            opening.finish(.failure(error))
            toCaller.end(error)
            toHandler.end(error)
            let running = tasks.withLock { tasks in
                defer { tasks = (true, []) }
                return tasks.list
            }
            for task in running { task.cancel() }
        }

        private func add(_ task: Task<Void, Never>) {
            let isOver = tasks.withLock { tasks in
                if !tasks.isOver { tasks.list.append(task) }
                return tasks.isOver
            }
            if isOver { task.cancel() }
        }
    }

    private let pair: Pair
    private let incoming: InProcessPipe
    private let outgoing: InProcessPipe
    private let isHandlers: Bool

    private init(_ pair: Pair, incoming: InProcessPipe, outgoing: InProcessPipe, isHandlers: Bool) {
        self.pair = pair
        self.incoming = incoming
        self.outgoing = outgoing
        self.isHandlers = isHandlers
    }

    func accept() async throws {
        if isHandlers { pair.accept() }
    }

    func send(_ message: ChannelMessage) async throws {
        if isHandlers { pair.accept() }
        try await outgoing.send(message)
    }

    func receive() async throws -> ChannelMessage? {
        if isHandlers { pair.accept() }
        return try await incoming.receive()
    }

    func finish() async throws {
        if isHandlers {
            // The caller sees the end when the method has returned, with its status.
            pair.accept()
            outgoing.close()
        } else {
            outgoing.end()
        }
    }

    func cancel() {
        pair.end(RPCError(.cancelled, "the channel was cancelled"))
    }
}
