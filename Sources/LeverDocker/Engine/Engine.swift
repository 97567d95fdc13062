import AsyncHTTPClient
import LeverCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// The Docker Engine API, version 1.41 or newer, of Docker or of what speaks it (Podman).
///
/// Reference: the engine's own description, <https://docs.docker.com/reference/api/engine/version/v1.41/>.
final class Engine: Sendable {
    /// The bytes that one answer may have; answers that are streams have no bound.
    private static let answerLimit = 16 << 20
    /// The version of the API that this is written for.
    static let version = APIVersion(major: 1, minor: 41)

    let address: EngineAddress
    private let client: HTTPClient
    private let timeout: Duration
    private let base: String

    /// - Parameter timeout: How long a request that is no stream may take.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration` where the certificates cannot be read.
    convenience init(address: EngineAddress, timeout: Duration) throws {
        var configuration = HTTPClient.Configuration()
        // Attempts are repeated within this time, and the last failure is what is said then. They have to be: the client loses
        // requests where it is told not to. A socket of this machine answers at once or not at all.
        if case .unix = address.endpoint {
            configuration.timeout.connect = .seconds(1)
        } else {
            configuration.timeout.connect = .seconds(5)
        }
        // Each instance has streams of its own for as long as it lives.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 20_000
        configuration.connectionPool.idleTimeout = .seconds(20)
        configuration.httpVersion = .http1Only
        if let folder = address.certificates { configuration.tlsConfiguration = try EngineTLS.configuration(folder) }
        self.init(
            address: address, base: address.base,
            client: HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration),
            timeout: timeout)
    }

    private init(address: EngineAddress, base: String, client: HTTPClient, timeout: Duration) {
        self.address = address
        self.base = base
        self.client = client
        self.timeout = timeout
    }

    /// The same engine, asked in a version of its API.
    func speaking(_ version: APIVersion) -> Engine {
        Engine(address: address, base: "\(address.base)/v\(version)", client: client, timeout: timeout)
    }

    /// The same engine, asked in no version of Docker's API.
    var unversioned: Engine { Engine(address: address, base: address.base, client: client, timeout: timeout) }

    /// Ends all requests.
    func close() async {
        try? await client.shutdown()
    }

    // MARK: Requests

    /// A request with one answer, in JSON; `null` where the answer is empty.
    ///
    /// - Throws: ``EngineError``, or `CancellationError`.
    @discardableResult
    func ask(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String)] = [], body: LeverValue? = nil
    ) async throws -> LeverValue {
        let response = try await send(method, path, query, body, deadline: .now() + TimeAmount(timeout))
        do {
            let bytes = try await response.body.collect(upTo: Self.answerLimit)
            guard bytes.readableBytes > 0 else { return .null }
            return try LeverValue(json: Array(bytes.readableBytesView))
        } catch {
            throw Self.failure(error, address)
        }
    }

    /// A request whose answer comes in pieces until somebody ends it.
    ///
    /// - Throws: ``EngineError``, or `CancellationError`.
    func stream(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String)] = []
    ) async throws -> HTTPClientResponse.Body {
        try await send(method, path, query, nil, deadline: .distantFuture).body
    }

    private func send(
        _ method: HTTPMethod, _ path: String, _ query: [(String, String)], _ body: LeverValue?, deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: base + path + Self.text(query))
        request.method = method
        // A socket has no name, and the engine wants one.
        if case .unix = address.endpoint { request.headers.add(name: "host", value: "engine") }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.json()))
        }
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: deadline)
        } catch {
            throw Self.failure(error, address)
        }
        guard response.status.code >= 300 else { return response }
        let bytes = try? await response.body.collect(upTo: Self.answerLimit)
        let text = bytes.map { String(buffer: $0) } ?? ""
        let answer = try? LeverValue(json: text)
        let message = answer?["message"]?.stringValue ?? text
        throw EngineError(
            status: EngineError.status(Int(response.status.code), cause: answer?["cause"]?.stringValue),
            message: message.isEmpty ? "the container engine answered \(response.status)" : message)
    }

    /// What went wrong on the way, in words that say where the engine was looked for.
    static func failure(_ error: any Error, _ address: EngineAddress) -> any Error {
        if error is CancellationError || error is EngineError { return error }
        if let error = error as? HTTPClientError, error == .cancelled { return CancellationError() }
        if let folder = address.certificates, let text = EngineTLS.explanation(of: error, folder) {
            return EngineError(
                status: nil, message: "the container engine at \(address) cannot be asked: \(text) (\(error))")
        }
        return EngineError(status: nil, message: "the container engine at \(address) does not answer (\(error))")
    }

    private static func text(_ query: [(String, String)]) -> String {
        guard !query.isEmpty else { return "" }
        return "?" + query.map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
    }

    /// A text as a part of a path or a query.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}

/// A version of the Engine API.
struct APIVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `1.41`.
    init?(_ text: String) {
        let parts = text.split(separator: ".").map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major: major, minor: minor)
    }

    var description: String { "\(major).\(minor)" }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
