import LeverCore
import LeverTesting
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverTransport

#if canImport(Glibc)
import Glibc
#endif

@Suite(.timeLimit(.minutes(2)))
struct ListenerTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    @Test func protocolsAreToldApart() {
        let preface = Self.preface
        #expect(ProtocolDetector.detect([UInt8]()) == nil)
        for count in 1..<preface.count { #expect(ProtocolDetector.detect(preface.prefix(count)) == nil) }
        #expect(ProtocolDetector.detect(preface) == .http2)
        #expect(ProtocolDetector.detect(preface + [0, 0]) == .http2)
        #expect(ProtocolDetector.detect(Array("P".utf8)) == nil)
        #expect(ProtocolDetector.detect(Array("PO".utf8)) == .http1)
        #expect(ProtocolDetector.detect(Array("PRI * HTTP/1".utf8)) == .http1)
        #expect(ProtocolDetector.detect(Array("G".utf8)) == .http1)
        #expect(ProtocolDetector.detect([0x16, 0x03, 0x01]) == .tls)
        #expect(ProtocolDetector.detect([0x00]) == .http1)
    }

    @Test func aPrefaceMayComeByteByByte() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            for byte in Self.preface { try await connection.send([byte]) }
            // An empty SETTINGS frame; the answer begins with one, of type 4.
            try await connection.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
            let came = try await eventually { connection.bytes.count > 9 }
            #expect(came)
            #expect(connection.bytes[3] == 4)
            await connection.close()
        }
    }

    @Test func aConnectionThatSaysNothingIsClosed() async throws {
        var quick = ListenerConfiguration()
        quick.detectionTimeout = .milliseconds(100)
        try await ProbeHTTPHandler.withListener(configuration: quick) { listener, _ in
            for begin in ["", "PRI * HT"] {
                let connection = try await RawConnection(to: listener.localAddress)
                if !begin.isEmpty { try await connection.send(begin) }
                let closed = try await connection.isClosedByPeer()
                #expect(closed)
                #expect(connection.bytes.isEmpty)
            }
            let gone = try await eventually { listener.connectionCount == 0 }
            #expect(gone)
        }
    }

    @Test func tlsIsAnsweredWithAnAlert() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
            #expect(connection.bytes == [0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46])
        }
    }

    @Test func aServerOfCallsAloneSaysSoOverHTTP1() async throws {
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: ProbeHandler(), group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        let connection = try await RawConnection(to: server.localAddress)
        try await connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let came = try await connection.receives("HTTP/1.1 505")
        #expect(came)
        let closed = try await connection.isClosedByPeer()
        #expect(closed)
        await server.drain(within: .zero)
    }

    @Test func connectionsAreLimited() async throws {
        var small = ListenerConfiguration()
        small.maximumConnections = 2
        try await ProbeHTTPHandler.withListener(configuration: small) { listener, _ in
            var open: [RawConnection] = []
            for _ in 0..<2 {
                let connection = try await RawConnection(to: listener.localAddress)
                try await connection.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
                let came = try await connection.receives("200 OK")
                #expect(came)
                open.append(connection)
            }
            let third = try await RawConnection(to: listener.localAddress)
            let closed = try await third.isClosedByPeer()
            #expect(closed)
            #expect(listener.connectionCount == 2)
            for connection in open { await connection.close() }
        }
    }

    @Test func aTaskThatIsCancelledAlreadyDrainsAtOnce() async throws {
        for _ in 0..<50 {
            let listener = try await Listener.start(
                on: .tcp(host: "127.0.0.1", port: 0), group: MultiThreadedEventLoopGroup.singleton,
                acceptor: HangingAcceptor(), logger: Logger(label: "test"))
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send(Self.preface + [0, 0, 0, 4, 0, 0, 0, 0, 0])
            let open = try await eventually { listener.connectionCount == 1 }
            #expect(open)
            let drain = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                #expect(Task.isCancelled)
                await listener.drain(within: .seconds(3600))
            }
            await drain.value
            let closed = try await connection.isClosedByPeer()
            #expect(closed)
        }
    }

    private struct HangingAcceptor: ListenerAcceptor {
        private final class Owner: HTTP2ConnectionDelegate {}

        func http2Delegate(for peer: Peer, on eventLoop: any EventLoop) -> any HTTP2ConnectionDelegate { Owner() }
        func http1Handler(for peer: Peer) -> (any HTTPHandler)? { nil }
    }

    @Test func aTakenPortIsNamed() async throws {
        try await ProbeHTTPHandler.withListener { listener, _ in
            await #expect {
                try await ProbeHTTPHandler.withListener(on: listener.localAddress) { _, _ in }
            } throws: { error in
                (error as? RuntimeError)?.code == .bindFailed
                    && (error as? RuntimeError)?.message.contains("\(listener.localAddress)") == true
            }
        }
    }

    @Test func unixSockets() async throws {
        let path = "/tmp/lever-listener-\(getpid()).sock"
        unlink(path)
        // What a server that is gone has left there.
        let left = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(bound == 0)
        close(left)
        try await ProbeHTTPHandler.withListener(on: .unix(path: path)) { listener, _ in
            var status = stat()
            #expect(stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            let connection = try await RawConnection(to: listener.localAddress)
            try await connection.send("GET /head HTTP/1.1\r\nHost: a\r\n\r\n")
            let came = try await connection.receives("200 OK")
            #expect(came)
            await connection.close()
            // One that is listened on is not taken away.
            await #expect(throws: RuntimeError.self) {
                try await ProbeHTTPHandler.withListener(on: .unix(path: path)) { _, _ in }
            }
        }
        #expect(access(path, F_OK) != 0)
    }

    @Test(arguments: ["/tmp/" + String(repeating: "x", count: 200), "/nowhere/at/all.sock", "/etc/hostname"])
    func badSocketPathsAreNamed(_ path: String) async throws {
        await #expect {
            try await ProbeHTTPHandler.withListener(on: .unix(path: path)) { _, _ in }
        } throws: { error in
            (error as? RuntimeError)?.code == .bindFailed && (error as? RuntimeError)?.message.contains(path) == true
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false),
        ("10.0.0.1", false), ("::2", false),
    ])
    func loopbackAddresses(_ address: String, _ isLocal: Bool) throws {
        let peer = Peer(try SocketAddress(ipAddress: address, port: 1))
        #expect(peer.isLocal == isLocal && peer.isTrusted == isLocal)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("10.1.2.3", true), ("::ffff:10.1.2.3", true), ("11.0.0.1", false), ("fd00::1", true),
        ("fe80::1", false),
    ])
    func trustedPeers(_ address: String, _ isTrusted: Bool) throws {
        let ranges = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressRange($0) }
        let peer = Peer(try SocketAddress(ipAddress: address, port: 1), trusted: ranges)
        #expect(peer.isTrusted == isTrusted && peer.isLocal == (address == "127.0.0.1"))
        #expect(!Peer(nil, trusted: ranges).isTrusted)
    }
}
