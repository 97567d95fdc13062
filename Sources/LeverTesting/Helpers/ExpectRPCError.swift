public import LeverCore

/// Checks that something throws an `RPCError` of a code, and returns the error.
///
/// ```swift
/// let error = try await expectRPCError(.notFound) { try await notes.invoke("Read", "no such note") }
/// #expect(error.message.contains("no such note"))
/// ```
///
/// - Throws: ``TestFailure`` where it throws nothing, or something else.
@discardableResult
public nonisolated(nonsending) func expectRPCError<Value>(
    _ code: RPCError.Code, _ body: nonisolated(nonsending) () async throws -> Value
) async throws -> RPCError {
    try await expectRPCError("code \(code)", { $0.code == code }, body)
}

/// Checks that something throws an `RPCError` of a reason, and returns the error.
///
/// - Throws: ``TestFailure`` where it throws nothing, or something else.
@discardableResult
public nonisolated(nonsending) func expectRPCError<Value>(
    reason: RPCError.Reason, _ body: nonisolated(nonsending) () async throws -> Value
) async throws -> RPCError {
    try await expectRPCError("reason \(reason)", { $0.reason == reason }, body)
}

private nonisolated(nonsending) func expectRPCError<Value>(
    _ what: String, _ matches: (RPCError) -> Bool, _ body: nonisolated(nonsending) () async throws -> Value
) async throws -> RPCError {
    do {
        _ = try await body()
    } catch let error as RPCError {
        guard matches(error) else { throw TestFailure("expected an RPCError with \(what), got \(error)") }
        return error
    } catch {
        throw TestFailure("expected an RPCError with \(what), got \(error)")
    }
    throw TestFailure("expected an RPCError with \(what), but nothing was thrown")
}
