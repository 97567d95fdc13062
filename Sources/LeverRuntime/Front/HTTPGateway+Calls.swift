import LeverCore
import LeverTransport
import Logging
import NIOCore

// Regular calls: the whole body, a call, the whole response.
extension HTTPGateway {
    /// Answers a request to a method, whatever comes of it.
    func call(_ destination: GatewayDestination, _ exchange: any HTTPExchange) async {
        do {
            if destination.context.url.method.isChannel {
                try await serveChannel(destination, exchange)
            } else {
                try await serveCall(destination, exchange)
            }
        } catch {
            await answerFailure(error, destination, exchange)
        }
    }

    private func serveCall(_ destination: GatewayDestination, _ exchange: any HTTPExchange) async throws {
        let body = try await wholeBody(exchange, destination.context.deadline)
        let arguments: RPCArguments = destination.isJSON ? try Self.arguments(body) : .bytes(Array(buffer: body))
        let transport = transport(for: exchange)
        let reply: RPCReply
        var metadata: GatewayResponse.Fields = []
        if let transport = transport as? any ReplyMetadataTransport {
            (reply, metadata) = try await transport.callWithMetadata(destination.context, arguments)
        } else {
            reply = try await transport.call(destination.context, arguments)
        }
        try await GatewayResponse.send(
            reply, metadata, to: exchange, isOpenToBrowsers: !destination.isAdministration)
    }

    /// Tells the client, where it can still be told.
    private func answerFailure(
        _ error: any Error, _ destination: GatewayDestination, _ exchange: any HTTPExchange
    ) async {
        let status: RPCError
        switch error {
        case let error as RPCError: status = error
        case HTTPExchangeError.malformedBody(let reason):
            status = RPCError(.badMessage, "the body is malformed: \(reason)")
        case is CancellationError, is HTTPExchangeError:
            exchange.abort()
            return
        default:
            logger.error("HTTP request failed", metadata: ["lever.reason": "\(error)"])
            status = RPCError(.defect, "the call of \"\(destination.context.url)\" failed unexpectedly")
        }
        do {
            try await GatewayResponse.send(status, to: exchange, isOpenToBrowsers: !destination.isAdministration)
        } catch {
            exchange.abort()
        }
    }

    static func arguments(_ text: ByteBuffer) throws(RPCError) -> RPCArguments {
        let value: LeverValue
        do {
            value = try LeverValue(json: text.readableBytesSpan)
        } catch {
            throw RPCError(.badMessage, "the arguments are not JSON: \(error)")
        }
        guard let values = value.arrayValue else {
            throw RPCError(.badMessage, "the arguments are \(value.kind), not an array")
        }
        return .values(values)
    }

    private func wholeBody(
        _ exchange: any HTTPExchange, _ deadline: ContinuousClock.Instant?
    ) async throws -> ByteBuffer {
        let limit = configuration.maximumBody
        if let length = exchange.request["content-length"].flatMap({ Int($0) }), length > limit {
            throw Self.tooLarge(limit)
        }
        return try await within(deadline) {
            var body = ByteBuffer()
            while let chunk = try await exchange.nextChunk() {
                guard body.readableBytes + chunk.readableBytes <= limit else { throw Self.tooLarge(limit) }
                if body.readableBytes == 0 { body = chunk } else { body.writeImmutableBuffer(chunk) }
            }
            return body
        }
    }

    private static func tooLarge(_ limit: Int) -> RPCError {
        RPCError(.tooLarge, "the body is larger than \(limit) bytes, the limit of a regular call")
    }

    /// Waits for what the client still has to send, but not for ever.
    func within<Value: Sendable>(
        _ deadline: ContinuousClock.Instant?, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let limit = min(deadline ?? .now + configuration.bodyTimeout, .now + configuration.bodyTimeout)
        return try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(until: limit, clock: .continuous)
                throw RPCError(.deadline, "the request's body did not come in time")
            }
            defer { group.cancelAll() }
            return try await group.next()!
        }
    }
}
