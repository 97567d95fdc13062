import LeverCore

/// Throws unless a condition holds.
func expect(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    guard condition else { throw TestFailure(message()) }
}

/// Throws unless what was found is what was expected.
func expect<Value: Equatable>(_ found: Value, is expected: Value, _ what: @autoclosure () -> String) throws {
    try expect(found == expected, "\(what()): expected \(expected), found \(found)")
}

/// Throws unless something throws an error of a reason that names a value.
func expect(_ reason: RPCError.Reason, naming name: String, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let error as RPCError {
        try expect(error.reason == reason, "expected \(reason), got \(error)")
        try expect(error.message.contains(name), "\"\(error.message)\" does not name \(name)")
        return
    }
    throw TestFailure("expected \(reason), but nothing was thrown")
}

/// Throws unless something throws an error of a type; gives the error.
@discardableResult
func expect<Failure: Error>(throwing type: Failure.Type, _ body: () async throws -> Void) async throws -> Failure {
    do {
        try await body()
    } catch let error as Failure {
        return error
    } catch {
        throw TestFailure("expected a \(type), got \(error)")
    }
    throw TestFailure("expected a \(type), but nothing was thrown")
}
