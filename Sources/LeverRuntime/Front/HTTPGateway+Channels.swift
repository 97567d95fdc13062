import LeverCore
import LeverTransport
import Logging
import NIOCore

// Channel methods: both directions at once, message by message.
extension HTTPGateway {
    func serveChannel(_ destination: GatewayDestination, _ exchange: any HTTPExchange) async throws {
        let body = BodyReader(exchange, maximumLine: configuration.maximumLine)
        let firstLine = try await within(destination.context.deadline) { try await body.nextLine() }
        guard let firstLine else {
            throw RPCError(.badMessage, "the body is empty; its first line is the array of arguments")
        }
        let channel = try await transport(for: exchange).open(
            destination.context, try Self.arguments(firstLine))
        // From here on there is a response, and what goes wrong breaks it off.
        do {
            try await join(channel, body, destination, exchange)
        } catch {
            channel.cancel()
            exchange.abort()
            logger.debug("HTTP channel broke", metadata: ["lever.reason": "\(error)"])
        }
    }

    private func join(
        _ channel: any RPCChannel, _ body: BodyReader, _ destination: GatewayDestination, _ exchange: any HTTPExchange
    ) async throws {
        var fields: GatewayResponse.Fields = [
            ("content-type", destination.isJSON ? GatewayResponse.json : GatewayResponse.bytes),
            // Proxies in between are not to collect what is to be seen at once.
            ("cache-control", "no-store"), ("x-accel-buffering", "no"),
        ]
        if !destination.isAdministration { fields += GatewayResponse.openToBrowsers }
        try await exchange.send(HTTPResponseHead(status: 200, headers: fields))
        let isJSON = destination.isJSON
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await Self.forward(body, isJSON: isJSON, to: channel)
                } catch let error as RPCError where error.code == .cancelled || error.reason == .conflict {
                    // The method has returned without taking everything; how it ended, the other direction knows.
                }
                return false
            }
            group.addTask {
                try await Self.forward(channel, to: exchange)
                return true
            }
            // The response ends when the method does, whether or not the request has.
            while let isWhole = try await group.next(), !isWhole {}
            group.cancelAll()
        }
        try await exchange.finish()
    }

    /// The request's messages on their way to the method.
    private static func forward(_ body: BodyReader, isJSON: Bool, to channel: any RPCChannel) async throws {
        if isJSON {
            while let line = try await body.nextLine() {
                guard !line.readableBytesView.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { continue }
                let value: LeverValue
                do {
                    value = try LeverValue(json: line.readableBytesSpan)
                } catch {
                    throw RPCError(.badMessage, "a line of the body is not JSON: \(error)")
                }
                try await channel.send(.value(value))
            }
        } else {
            while let chunk = try await body.nextChunk() {
                try await channel.send(.bytes(Array(buffer: chunk)))
            }
        }
        try await channel.finish()
    }

    /// The method's messages on their way to the client, each flushed as it comes.
    private static func forward(_ channel: any RPCChannel, to exchange: any HTTPExchange) async throws {
        while let message = try await channel.receive() {
            switch message {
            case .value(let value):
                var text = GatewayResponse.text(value)
                text.writeInteger(UInt8(ascii: "\n"))
                try await exchange.send(text)
            case .bytes(let bytes):
                if !bytes.isEmpty { try await exchange.send(ByteBuffer(bytes: bytes)) }
            case .error(let value):
                throw RPCError(code: .unknown, message: "the method ended with the error \(value)", origin: .instance)
            case .errorBytes:
                throw RPCError(code: .unknown, message: "the method ended with an error of bytes", origin: .instance)
            }
        }
    }
}
