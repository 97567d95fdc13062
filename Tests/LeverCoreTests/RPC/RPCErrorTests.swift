import LeverCore
import Testing

@Suite("RPC errors")
struct RPCErrorTests {
    @Test(
        "codes are gRPC's numbers and names",
        arguments: [
            (1, "CANCELLED"), (2, "UNKNOWN"), (3, "INVALID_ARGUMENT"), (4, "DEADLINE_EXCEEDED"), (5, "NOT_FOUND"),
            (6, "ALREADY_EXISTS"), (7, "PERMISSION_DENIED"), (8, "RESOURCE_EXHAUSTED"), (9, "FAILED_PRECONDITION"),
            (10, "ABORTED"), (11, "OUT_OF_RANGE"), (12, "UNIMPLEMENTED"), (13, "INTERNAL"), (14, "UNAVAILABLE"),
            (15, "DATA_LOSS"), (16, "UNAUTHENTICATED"),
        ])
    func codes(number: Int, name: String) throws {
        let code = try #require(RPCError.Code(rawValue: number))
        #expect(code.rawValue == number && code.name == name && code.description == name)
        #expect((400...504).contains(code.httpStatus))
    }

    @Test("there is no code for OK and for unknown numbers", arguments: [0, -1, 17, 1000])
    func noCode(number: Int) {
        #expect(RPCError.Code(rawValue: number) == nil)
    }

    /// The design document's table of errors.
    @Test(
        "each reason has the statuses of the table",
        arguments: [
            (.badURL, 3, 400), (.badMessage, 3, 400), (.noEnvironment, 5, 404), (.noService, 5, 404),
            (.noResource, 5, 404),
            (.noMethod, 12, 404), (.privateService, 7, 403), (.unauthenticated, 16, 401), (.badVerb, 12, 405),
            (.tooLarge, 8, 413), (.queueFull, 8, 429), (.limitReached, 8, 429), (.deadline, 4, 504),
            (.startFailed, 14, 503),
            (.instanceDied, 14, 502), (.resourceUnavailable, 14, 503), (.conflict, 9, 409), (.cancelled, 1, 499),
            (.defect, 13, 500),
        ] as [(RPCError.Reason, Int, Int)])
    func table(reason: RPCError.Reason, status: Int, http: Int) {
        let error = RPCError(reason, "text")
        #expect(error.code.rawValue == status && error.httpStatus == http && error.reason == reason)
        #expect(reason.token.allSatisfy { $0.isLowercase || $0 == "-" })
        #expect(RPCError.Reason(token: reason.token) == reason)
    }

    @Test("a newer version's reason survives")
    func unknownReason() {
        let reason = RPCError.Reason(token: "no-quantum")
        #expect(RPCError(reason, "x").code == .unknown)
        #expect(RPCError(code: .notFound, message: "x", reason: reason).httpStatus == 404)
    }

    @Test("equality leaves the cause out, the description has it")
    func cause() {
        struct Cause: Error, CustomStringConvertible { var description: String { "why" } }
        let error = RPCError(.noService, "no service \"x\"", cause: Cause())
        #expect(error == RPCError(.noService, "no service \"x\""))
        #expect(error.description == "NOT_FOUND: no service \"x\" (no-service) [why]")
        #expect(RuntimeError(.package, "bad", cause: Cause()).description == "bad: why")
    }
}
