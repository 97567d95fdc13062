import Foundation
import LeverCore
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization

@testable import LeverRuntime

/// A service behind the gateway, and the front that it is called through.
final class GatewayProbe: RPCHandler {
    let contexts = Mutex<[CallContext]>([])
    let events = Mutex<[String: Int]>([:])

    func count(_ event: String) -> Int { events.withLock { $0[event] ?? 0 } }
    private func note(_ event: String) { events.withLock { $0[event, default: 0] += 1 } }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        contexts.withLock { $0.append(context) }
        switch (context.url.method.rawValue, arguments) {
        case ("Echo", .values(let values)): return .result(.array(values))
        case ("Echo", .bytes(let bytes)): return .bytes(bytes)
        case ("Count", .values(let values)): return .result(.number(Double(values.count)))
        case ("Length", .bytes(let bytes)): return .result(.number(Double(bytes.count)))
        case ("Fail", _): return .error(["why": "asked"])
        case ("FailBytes", _): return .errorBytes([0x21])
        case ("Old", _): throw RPCError(code: .unknown, message: "Method not found", origin: .instance)
        case ("Instance", _): throw RPCError(code: .aborted, message: "no", origin: .instance)
        case ("Hang", _):
            note("hang began")
            try? await Task.sleep(for: .seconds(3600))
            note("hang over")
            return .result(nil)
        case ("Throw", .values(let values)):
            let reason = values.first?.stringValue ?? ""
            throw RPCError(RPCError.Reason(token: reason), "it says \"\(reason)\"")
        default: throw RPCError(.noMethod, "there is no method \"\(context.url.method)\"")
        }
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {
        contexts.withLock { $0.append(context) }
        switch context.url.method.rawValue {
        case "EchoChan":
            try await channel.send(.value(["arguments": "\(arguments)".contains("hello") ? "hello" : "other"]))
            while let message = try await channel.receive() { try await channel.send(message) }
        case "SayChan":
            // Says what it was asked to after the request has ended.
            while try await channel.receive() != nil {}
            try await channel.send(.value("after"))
            try await channel.send(.bytes([0x62, 0x79]))
        case "QuickChan": try await channel.send(.value("only"))
        case "FloodChan":
            for _ in 0..<1_000 { try await channel.send(.bytes([UInt8](repeating: 0x61, count: 20_000))) }
        case "IdleChan":
            note("idle began")
            defer { note("idle over") }
            try await channel.send(.value(1))
            try await Task.sleep(for: .seconds(3600))
        case "BreakChan":
            try await channel.send(.value(1))
            throw RPCError(.instanceDied, "it died")
        case "OwnErrorChan":
            try await channel.send(.value(1))
            try await channel.send(.error("bad"))
        default: throw RPCError(.noMethod, "there is no method \"\(context.url.method)\"")
        }
    }

    /// Runs `body` with a front on a free port.
    static func withFront(
        configuration: HTTPGatewayConfiguration = .defaults, isReady: @escaping @Sendable () -> Bool = { true },
        _ body: (Front) async throws -> Void
    ) async throws {
        let probe = GatewayProbe()
        let gateway = HTTPGateway(
            configuration: configuration, transport: { _, _ in VersionedTransport(handler: probe) }, isReady: isReady,
            resource: { path in
                path == "/leveros.tgz"
                    ? StaticResource(contentType: "application/gzip", body: ByteBuffer(bytes: [0x1F, 0x8B])) : nil
            }, logger: Logger(label: "test"))
        let acceptor = FrontAcceptor(gateway: gateway) { stream, head, endStream, _ in
            GRPCServerCall.serve(
                stream, head: head, endStream: endStream, handler: probe, origin: .caller(environment: nil))
        }
        let listener = try await Listener.start(
            on: .tcp(host: "127.0.0.1", port: 0), group: MultiThreadedEventLoopGroup.singleton, acceptor: acceptor,
            logger: Logger(label: "test"))
        guard case .tcp(_, let port) = listener.localAddress else { return }
        do {
            try await body(Front(probe: probe, port: port, listener: listener))
        } catch {
            await listener.drain(within: .zero)
            throw error
        }
        await listener.drain(within: .zero)
    }

    struct Front {
        let probe: GatewayProbe
        let port: Int
        let listener: Listener

        /// Calls curl; `path` goes behind the host.
        func curl(_ path: String, _ arguments: [String] = [], http2: Bool = false) async throws -> Curl.Response {
            try await Curl.run(
                (http2 ? ["--http2-prior-knowledge"] : []) + arguments + ["http://127.0.0.1:\(port)\(path)"])
        }
    }

    /// Names a version with each reply, as the router does.
    private struct VersionedTransport: ReplyMetadataTransport {
        let handler: any RPCHandler

        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
            try await InProcessTransport(handler: handler).call(context, arguments)
        }

        func callWithMetadata(
            _ context: CallContext, _ arguments: RPCArguments
        ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
            (try await call(context, arguments), [("lever-version", "7")])
        }

        func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
            try await InProcessTransport(handler: handler).open(context, arguments)
        }
    }
}

/// The real curl.
enum Curl {
    struct Response: Sendable {
        var exitCode: Int32
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Runs it, feeding `input`, and takes the response apart.
    static func run(_ arguments: [String], input: [UInt8] = []) async throws -> Response {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["curl", "-s", "-S", "-i", "--max-time", "30", "--noproxy", "*"] + arguments
        let output = Pipe()
        let incoming = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = incoming
        try process.run()
        try incoming.fileHandleForWriting.write(contentsOf: Data(input))
        try incoming.fileHandleForWriting.close()
        let bytes: [UInt8] = await withCheckedContinuation { continuation in
            // Reading blocks, so it gets a thread of its own.
            Thread.detachNewThread {
                let data = output.fileHandleForReading.readDataToEndOfFile()
                process.waitUntilExit()
                continuation.resume(returning: [UInt8](data))
            }
        }
        return parse(bytes, process.terminationStatus)
    }

    private static func parse(_ bytes: [UInt8], _ exitCode: Int32) -> Response {
        var rest = bytes[...]
        var response = Response(exitCode: exitCode, status: 0, headers: [:], body: [])
        // Informational heads come first.
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            rest = rest[end.upperBound...]
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            guard status >= 200 else { continue }
            response.status = status
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { continue }
                response.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
            }
            break
        }
        response.body = Array(rest)
        return response
    }
}
