package import LeverCore

extension InProcessTransport {
    /// Makes a transport to a handler with the bounds that its calls have over a connection.
    package init(handler: any RPCHandler, configuration: GRPCConfiguration) {
        var bounds = Configuration()
        bounds.channelBuffer = configuration.sendBuffer
        bounds.maximumDepth = configuration.maximumDepth
        bounds.defaultTimeout = configuration.defaultDeadline
        bounds.callsBeginOnCallersThread = !configuration.handlersRunOnGlobalExecutor
        self.init(handler: handler, configuration: bounds)
    }
}
