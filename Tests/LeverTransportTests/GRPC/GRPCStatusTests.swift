import LeverCore
import NIOHPACK
import Testing

@testable import LeverTransport

struct GRPCStatusTests {
    private func received(_ head: HTTP2EncodedHead) -> HTTP2Head {
        HTTP2Head(headers: HPACKHeaders(head.fields.map { ($0.name, $0.value) }), status: 200)
    }

    @Test func errorsSurviveTheWire() throws {
        let errors = [
            RPCError(.noService, "there is no service \"x\""), RPCError(.tooLarge, "100 % too large"),
            RPCError(code: .dataLoss, message: "gone", origin: .instance),
            RPCError(code: .unknown, message: "", reason: RPCError.Reason(token: "of-another-version")),
            RPCError(.defect, "not an escape: %41 %zz %4 %"),
        ]
        for error in errors {
            #expect(try #require(GRPCStatus(trailers: received(GRPCStatus(error).trailers))).error == error)
            #expect(try #require(GRPCStatus(trailers: received(GRPCStatus(error).trailersOnly))).error == error)
        }
        #expect(try #require(GRPCStatus(trailers: received(GRPCStatus.ok.trailers))).error == nil)
    }

    @Test(arguments: [
        ("plain", "plain"), ("ünï", "?n?"), ("a\nb\tc\r\n d", "a b c  d"), ("  edges ", "edges"), ("\u{0}", ""),
        ("%41", "%2541"), ("50% of", "50% of"), ("%zz", "%zz"), ("%", "%"), ("日本", "??"), ("a\u{7F}b", "a b"),
    ])
    func messagesAreSentAsPlainText(_ text: String, _ sent: String) {
        #expect(GRPCMessageText.encode(text) == sent)
    }

    @Test func longMessagesAreCut() {
        #expect(
            GRPCMessageText.encode(String(repeating: "x", count: 100_000)).utf8.count == GRPCMessageText.maximumLength)
    }

    @Test(arguments: [
        ("plain", "plain"), ("%41%c3%BC", "Aü"), ("100%", "100%"), ("%4", "%4"), ("%zz", "%zz"), ("%ff", "\u{FFFD}"),
    ])
    func messagesAreReceivedDecoded(_ text: String, _ meant: String) {
        #expect(GRPCMessageText.decode(text) == meant)
    }

    @Test func malformedAndUnknownStatuses() throws {
        func status(_ text: String) -> GRPCStatus? {
            GRPCStatus(trailers: HTTP2Head(headers: HPACKHeaders([("grpc-status", text)])))
        }
        #expect(try #require(status("99")).error?.code == .unknown)
        #expect(try #require(status("x")).error?.code == .unknown)
        #expect(try #require(status("-1")).error?.code == .unknown)
        #expect(GRPCStatus(trailers: HTTP2Head(headers: HPACKHeaders([("grpc-message", "x")]))) == nil)
    }

    @Test(arguments: [
        (400, RPCError.Code.internalError), (401, .unauthenticated), (403, .permissionDenied), (404, .unimplemented),
        (429, .unavailable), (502, .unavailable), (503, .unavailable), (504, .unavailable), (418, .unknown),
        (200, .unknown),
    ])
    func httpStatusesStandForCodes(_ status: Int, _ code: RPCError.Code) {
        #expect(GRPCStatus.error(httpStatus: status).code == code)
    }

    @Test(arguments: [
        (HTTP2ErrorCode.noError, RPCError.Code.internalError), (.internalError, .internalError),
        (.refusedStream, .unavailable), (.cancel, .cancelled), (.enhanceYourCalm, .resourceExhausted),
        (.inadequateSecurity, .permissionDenied), (.protocolError, .internalError),
    ])
    func resetsStandForCodes(_ reset: HTTP2ErrorCode, _ code: RPCError.Code) {
        #expect(GRPCStatus.error(reset: reset).code == code)
    }
}
