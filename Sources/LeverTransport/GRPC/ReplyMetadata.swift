package import LeverCore

/// A transport that can tell what came with a reply beside it, such as the trailer `lever-version`.
package protocol ReplyMetadataTransport: RPCTransport {
    /// Makes a unary call, as ``RPCTransport/call(_:_:)`` does.
    func callWithMetadata(
        _ context: CallContext, _ arguments: RPCArguments
    ) async throws -> (reply: RPCReply, metadata: [(name: String, value: String)])
}

/// A channel that can tell what came with the end of its method.
package protocol ReplyMetadataChannel: RPCChannel {
    /// Fields beside the status, such as `lever-version`; empty until the method has ended.
    var replyMetadata: [(name: String, value: String)] { get async }
}
