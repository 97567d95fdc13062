extension LeverTestHost {
    /// Waits until nothing more happens at this moment of virtual time: all calls in progress are answered, or wait for
    /// something that only time or the test brings. What cannot be known of that, ``TestClock`` says.
    public func settle() async {
        await clock.settle()
    }

    /// Lets virtual time pass: instances start, resources are closed for want of calls, deadlines pass, and so on, each at its
    /// time. One task at a time may move the time.
    public func advance(by duration: Duration) async {
        await clock.advance(by: duration)
    }

    /// Lets virtual time pass until a condition holds.
    ///
    /// - Parameters:
    ///   - limit: The most virtual time to let pass.
    ///   - condition: Asked each time after something has happened.
    /// - Throws: ``TestFailure`` where it does not hold within the limit, and what the condition throws.
    public func advance(
        within limit: Duration = .seconds(600), until condition: () throws -> Bool
    ) async throws {
        let end = clock.now + limit
        var isOver = false
        while true {
            await settle()
            if try condition() { return }
            guard !isOver else {
                throw TestFailure(
                    "the condition did not hold within \(limit) of virtual time; last events:\n\(lastEvents())")
            }
            isOver = !clock.step(upTo: end)
        }
    }

    /// Runs something that waits for virtual time to pass, and lets it pass as long as that takes.
    ///
    /// ```swift
    /// try host.slowStart("chat", .seconds(3))
    /// let reply = try await host.advancing { try await chat.invoke("SayHello", "you") }
    /// ```
    ///
    /// - Parameters:
    ///   - limit: The most virtual time to let pass.
    ///   - body: What waits.
    /// - Throws: ``TestFailure`` where it is not over within the limit, and what the body throws.
    @discardableResult
    public func advancing<Value: Sendable>(
        within limit: Duration = .seconds(600), _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let outcome = Outcome<Value>()
        let end = clock.now + limit
        let task = Task(executorPreference: clock.executor) {
            do { outcome.finish(.success(try await body())) } catch { outcome.finish(.failure(error)) }
        }
        while true {
            await settle()
            if outcome.isFinished { return try await outcome.value() }
            guard clock.step(upTo: end) else { break }
        }
        await settle()
        if outcome.isFinished { return try await outcome.value() }
        task.cancel()
        throw TestFailure("it was not over within \(limit) of virtual time; last events:\n\(lastEvents())")
    }

    /// Starts something beside the test, on the host's executor, where its turn comes in the same order each time; a `Task { }`
    /// would run anywhere. For what is to be going on while the time moves; `async let` and task groups of a test do as well.
    ///
    /// ```swift
    /// let late = host.task { try await chat.invoke("Wait", 6) }
    /// await host.advance(by: .seconds(5))
    /// try await expectRPCError(.deadlineExceeded) { try await late.value }
    /// ```
    public func task<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
        Task(executorPreference: clock.executor) { try await body() }
    }

    private func lastEvents() -> String {
        events.suffix(20).map(\.description).joined(separator: "\n")
    }
}
