import LeverCore
import Testing

@testable import lever

@Suite struct MessagesTests {
    private func failure(_ error: any Error, host: String = "127.0.0.1:8080") -> CommandFailure {
        CommandFailure(error, host: { _ in host }, default: .default)
    }

    private func text(_ failure: CommandFailure, isColoured: Bool = false) -> String {
        String(decoding: failure.bytes(isColoured: isColoured), as: UTF8.self)
    }

    @Test func aTextWithoutQuotesIsExplained() {
        let failure = #expect(throws: CommandFailure.self) { try JSONArguments.parse(["1", "world"]) }
        #expect(failure?.status == .usage)
        let message = failure.map { text($0) } ?? ""
        #expect(message.contains("argument 2, world, is not JSON"))
        #expect(message.contains(#"'"world"'"#))
    }

    @Test func jsonArgumentsKeepTheirKinds() throws {
        let values = try JSONArguments.parse(["null", "false", "0", #""""#, "[]", #"{"b":1,"a":2}"#, " -5"])
        #expect(values == [nil, false, 0, "", [], ["a": 2, "b": 1], -5])
    }

    @Test func linesBecomeMessages() throws {
        #expect(try JSONArguments.message(Array(" \r".utf8), number: 1) == nil)
        #expect(try JSONArguments.message(Array("[1]\r".utf8), number: 1) == [1])
        let failure = #expect(throws: CommandFailure.self) { try JSONArguments.message(Array("{x".utf8), number: 7) }
        #expect((failure.map { text($0) } ?? "").contains("line 7 of the input, {x, is not JSON"))
    }

    @Test func aMethodsErrorIsPrintedAsItIs() throws {
        let url = try LeverURL("lever://dev.lever/hello/Say")
        let value = failure(RemoteError(url: url, payload: .value(["code": "sold-out"])))
        #expect(value.status == .methodError)
        #expect(text(value) == "{\"code\":\"sold-out\"}\n")
        let bytes = failure(RemoteError(url: url, payload: .bytes([1, 2])))
        #expect(bytes.status == .methodError)
        #expect(bytes.bytes(isColoured: true) == [1, 2])
    }

    @Test func anUnreachableHostIsExplained() {
        let local = failure(RPCError(.unreachable, "127.0.0.1:8080: connection refused"))
        #expect(local.status == .platformError)
        #expect(text(local).contains("lever: UNAVAILABLE: 127.0.0.1:8080: connection refused\nIs leveroshost running?"))
        let other = failure(RPCError(.unreachable, "refused"), host: "10.0.0.7:9090")
        #expect(text(other).contains("Is leveroshost running at 10.0.0.7:9090?"))
    }

    @Test func statusesFollowTheErrors() {
        #expect(failure(RPCError(.noService, "x")).status == .platformError)
        #expect(failure(RuntimeError(.invalidInput, "x")).status == .usage)
        #expect(failure(RuntimeError(.stopped, "x")).status == .platformError)
        #expect(failure(CancellationError()).status == .interrupted)
        #expect(failure(CancellationError()).bytes(isColoured: false).isEmpty)
    }

    @Test func coloursOnlyWhereWanted() {
        let failure = CommandFailure(.usage, "no", hint: "do")
        #expect(text(failure) == "lever: no\ndo\n")
        #expect(text(failure, isColoured: true) == "\u{1B}[1;31mlever:\u{1B}[0m no\ndo\n")
    }

    @Test func aDeploymentsErrorIsItsText() throws {
        let url = try LeverURL("lever://admin.lever/admin/DeployChan")
        for payload: LeverValue in ["it\nbroke", ["message": "it\nbroke"]] {
            let failure = CommandFailure.deployment(RemoteError(url: url, payload: .value(payload)))
            #expect(failure.status == .methodError)
            #expect(text(failure) == "lever: the deployment failed: it\nbroke\n")
        }
    }

    @Test func theBarFitsIntoTheLine() {
        let bar = ProgressBar(width: 60)
        #expect(bar.line("Up", fraction: 0, bytes: 0) == "Up [>\(String(repeating: " ", count: 39))]   0 %  0 B")
        #expect(
            bar.line("Up", fraction: 1, bytes: 1_300_000) == "Up [\(String(repeating: "=", count: 40))] 100 %  1.3 MB")
        for width in 0..<100 {
            #expect(ProgressBar(width: width).line("Up", fraction: 0.42, bytes: 999_999).count <= max(width, 20))
        }
    }
}
