package import LeverCore
import NIOCore

/// Makes calls over one endpoint.
///
/// Unchecked: the endpoint is touched on its event loop only.
package struct HTTP2RPCTransport: ReplyMetadataTransport, @unchecked Sendable {
    private let endpoint: HTTP2Endpoint
    private let configuration: GRPCConfiguration
    private let observer: (any RPCCallObserver)?

    /// Makes calls, each of which the observer, where there is one, can follow.
    package init(
        endpoint: HTTP2Endpoint, configuration: GRPCConfiguration = .defaults, observer: (any RPCCallObserver)? = nil
    ) {
        self.endpoint = endpoint
        self.configuration = configuration
        self.observer = observer
    }

    package func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        try await callWithMetadata(context, arguments).reply
    }

    package func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)]) {
        try context.checkKind(isChannel: false)
        let head = try GRPCRequest.head(context, timeout: context.timeLeft())
        let message = try encoding { try $0.frame(arguments) }
        let call = GRPCUnaryCall(
            context, message, maximumLength: configuration.maximumMessageLength, observer: observer)
        let answer = try await endpoint.eventLoop.suspend {
            call.begin(on: self.endpoint, head, $0)
        } onCancel: { _ in
            call.cancel(on: self.endpoint)
        }
        return (try GRPCMessageWriter.reply(answer.message), answer.metadata)
    }

    package func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        try context.checkKind(isChannel: true)
        let head = try GRPCRequest.head(context, timeout: context.timeLeft())
        let message = try encoding { try $0.frame(.open(arguments)) }
        let channel = HTTP2ClientChannel(context, message, endpoint: endpoint, configuration, observer: observer)
        try await endpoint.eventLoop.suspend {
            channel.begin(head, $0)
        } onCancel: { _ in
            channel.cancelOpening()
        }
        return channel
    }

    private func encoding(_ body: (GRPCMessageWriter) throws -> ByteBuffer) throws -> ByteBuffer {
        do {
            return try body(GRPCMessageWriter(maximumLength: configuration.maximumMessageLength))
        } catch let error as CodecError {
            throw RPCError(.badMessage, "the arguments cannot be encoded: \(error)")
        }
    }
}
