import LeverCore
import LeverTesting
import NIOCore
import Synchronization
import Testing

@testable import LeverTransport

@Suite(.timeLimit(.minutes(2)))
struct HTTP1Tests {
    private func exchange(_ request: String, expecting answer: String, _ more: [String] = []) async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(request)
            let came = try await connection.receives(answer)
            #expect(came, "\(connection.text)")
            for text in more { #expect(connection.text.contains(text), "\(connection.text)") }
            await connection.close()
        }
    }

    @Test func heads() async throws {
        try await exchange(
            "GET /head?a=1?b HTTP/1.1\r\nHost: dev.lever:80\r\n\r\n", expecting: "GET /head a=1?b dev.lever:80 false",
            ["HTTP/1.1 200 OK\r\n", "content-length: 34\r\n"])
        try await exchange(
            "GET http://other.lever/head HTTP/1.1\r\nHost: dev.lever\r\n\r\n",
            expecting: "GET /head - other.lever false")
        try await exchange("GET /head HTTP/1.0\r\n\r\n", expecting: "GET /head - - false", ["connection: close"])
    }

    @Test(arguments: [
        "GET /head HTTP/1.1\r\nHost: a\r\n\r\n", "GET /head HTTP/1.1\r\n\r\n", "GET /none HTTP/1.0\r\n\r\n",
    ])
    func responsesCarryTheirDate(_ request: String) async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(request)
            let came = try await connection.receives("\r\n\r\n")
            #expect(came)
            let dates = connection.text.matches(
                of: /\r\ndate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/)
            #expect(dates.count == 1, "\(connection.text)")
            await connection.close()
        }
    }

    @Test(arguments: [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"), (1_767_225_599, "Wed, 31 Dec 2025 23:59:59 GMT"),
    ])
    func datesAreWrittenAsTheStandardSays(_ second: Int, _ text: String) {
        #expect(HTTPDate.text(ofSecond: second) == text)
    }

    @Test func bodies() async throws {
        try await exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", expecting: "\r\n\r\nhello")
        try await exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n",
            expecting: "\r\n\r\nhello world")
        try await exchange(
            "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", expecting: "5\r\nhello\r\n0\r\n\r\n",
            ["transfer-encoding: chunked"])
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            var requests = ""
            for number in 0..<50 {
                requests += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\(number + 100)"
            }
            try await connection.send(requests)
            let all = try await eventually { connection.text.components("HTTP/1.1 200").count == 51 }
            #expect(all)
            let last = try await connection.receives("\r\n\r\n149")
            #expect(last)
            let bodies = connection.text.components("HTTP/1.1 200").dropFirst().map { $0.suffix(3) }
            #expect(bodies == (100..<150).map { "\($0)".suffix(3) })
            #expect(!connection.isClosed)
            await connection.close()
        }
    }

    @Test(arguments: [
        ("GET /head HTTP/1.1\r\n\r\n", "400"), ("GET /head HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"),
        ("GET\r\n\r\n", "400"), ("G\u{1}T / HTTP/1.1\r\nHost: a\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n", "400"), ("GET / HTTP/3.7\r\nHost: a\r\n\r\n", "400"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "400"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"),
        ("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "y", count: 100_000))\r\n\r\n", "4"),
        ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "400"),
    ])
    func malformedRequestsAreRefusedAndTheConnectionEnds(_ request: String, _ status: String) async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            // The peer may close before all is sent.
            try? await connection.send(request)
            let came = try await connection.receives("HTTP/1.1 \(status)")
            #expect(came, "\(connection.text)")
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            // And it goes on serving others.
            let next = try await RawConnection(to: listener.localAddress)
            try await next.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let served = try await next.receives("200 OK")
            #expect(served)
            await next.close()
        }
    }

    @Test func aMalformedBodyReachesTheHandler() async throws {
        try await exchange(
            "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n",
            expecting: "malformed", ["HTTP/1.1 400", "connection: close"])
    }

    @Test func continueIsSaidOnceTheBodyIsWanted() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            let told = try await connection.receives("HTTP/1.1 100 Continue\r\n\r\n")
            #expect(told)
            try await connection.send("hello")
            let came = try await connection.receives("\r\n\r\nhello")
            #expect(came)
            try await connection.send(
                "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            let refused = try await connection.receives("too large")
            #expect(refused)
            #expect(connection.text.components("100 Continue").count == 2)
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
        }
    }

    @Test func anEarlyAnswerToALargeBodyArrives() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
            let sender = Task {
                for _ in 0..<100 { try? await connection.send([UInt8](repeating: 1, count: 20_000)) }
            }
            let came = try await connection.receives("too large")
            #expect(came)
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            await sender.value
            await connection.close()
        }
    }

    @Test func halfClosedClientsGetTheirAnswer() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            try await connection.finish()
            let came = try await connection.receives("\r\n\r\nhello")
            #expect(came)
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
        }
    }

    @Test func aBodyThatIsCutShortEndsTheExchange() async throws {
        try await ProbeHTTPHandler.withListener { listener, handler in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhello")
            try await connection.finish()
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            #expect(connection.text.contains("HTTP/1.1 400"))
            #expect(handler.count("peerGone") == 0)
        }
    }

    @Test func aClientThatGoesAwayCancelsTheHandler() async throws {
        try await ProbeHTTPHandler.withListener { listener, handler in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(
                "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
            let came = try await connection.receives("1\r\na")
            #expect(came)
            await connection.close()
            let gone = try await eventually { listener.connectionCount == 0 }
            #expect(gone)
        }
    }

    @Test func aResponseThatBreaksOffIsNotWhole() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            for path in ["/half", "/nothing"] {
                let connection = try await RawConnection(to: listener.localAddress)
                try await connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                let closed = try await connection.isClosedByPeer()
                #expect(closed)
                #expect(!connection.text.contains("0\r\n\r\n"))
                await connection.close()
            }
        }
    }

    @Test func aSlowReaderHoldsTheHandlerBack() async throws {
        try await ProbeHTTPHandler.withListener { listener, handler in
            let connection = try await RawConnection(to: listener.localAddress, reads: false)
            try await connection.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            var last = -1
            let stopped = try await eventually {
                let now = handler.count("flooded")
                defer { last = now }
                try await Task.sleep(for: .milliseconds(50))
                return now == last && now > 0
            }
            #expect(stopped)
            #expect(last < 900)
            try await connection.startReading()
            let all = try await eventually { handler.count("flooded") == 1_000 && connection.bytes.count > 20_000_000 }
            #expect(all)
            await connection.close()
        }
    }

    @Test func aSlowHandlerHoldsTheClientBack() async throws {
        // The body of a request behind one that is not answered yet is not read without bound.
        try await ProbeHTTPHandler.withListener { listener, handler in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(
                "GET /hang HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n"
            )
            let isSent = Mutex(false)
            let sender = Task {
                try await connection.send([UInt8](repeating: 1, count: 50_000_000))
                isSent.withLock { $0 = true }
            }
            let began = try await eventually { handler.count("hang began") == 1 }
            #expect(began)
            try await Task.sleep(for: .milliseconds(200))
            #expect(!isSent.withLock { $0 })
            await listener.drain(within: .zero)
            _ = await sender.result
            let cancelled = try await eventually { handler.count("hang cancelled") == 1 }
            #expect(cancelled)
            await connection.close()
        }
    }

    @Test func slowHeadsAreCutOff() async throws {
        var quick = ListenerConfiguration()
        quick.requestHeadTimeout = .milliseconds(200)
        try await ProbeHTTPHandler.withListener(configuration: quick) { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("GET /head HTTP/1.1\r\nHost: ")
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            // The same for one that is kept alive and says nothing.
            let idle = try await RawConnection(to: listener.localAddress)
            try await idle.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let answered = try await idle.receives("200 OK")
            #expect(answered)
            let idleClosed = try await idle.isClosedByPeer()
            #expect(idleClosed)
        }
    }

    @Test func aDrainAnswersWhatHasBegun() async throws {
        try await ProbeHTTPHandler.withListener { listener, handler in
            let idle = try await RawConnection(to: listener.localAddress)
            try await idle.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let busy = try await RawConnection(to: listener.localAddress)
            try await busy.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
            let answered = try await idle.receives("200 OK")
            #expect(answered)
            let began = try await eventually { handler.count("began /echo") == 1 }
            #expect(began)
            let draining = Task { await listener.drain(within: .seconds(60)) }
            let closed = try await idle.isClosedByPeer()
            #expect(closed)
            try await busy.send("llo")
            let came = try await busy.receives("hello")
            #expect(came)
            await draining.value
            #expect(listener.connectionCount == 0)
        }
    }
}

extension String {
    /// The parts between occurrences of a separator.
    func components(_ separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
