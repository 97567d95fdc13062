public import LeverCore
import LeverRouter

// Services in the host's own process.
extension LeverHost {
    /// Makes a handler of this program a service of the host, before the host runs or while it does. It is called by name like
    /// any other: over RPC and HTTP, as a channel, by other services, by ``client``, which needs no connection for it.
    ///
    /// ```swift
    /// try await host.register("dev.lever/clock", service.handler())
    /// ```
    ///
    /// The service belongs to the program, not to the catalog: it is there as long as the host runs or until
    /// ``unregister(_:)``, nothing can be deployed under its name, and administrators see it but do not change it. Its
    /// environment is made where there is none.
    ///
    /// Resources are as elsewhere: the handler is called with `NewResource` before the first call of one and with `CloseResource`
    /// after its last handler has returned, once it was idle for long or the service ends. The activation's epoch, higher than
    /// all before it, is in each call's `CallContext.epoch`. Code of this process cannot be killed: a resource whose handler
    /// never returns stays where it is.
    ///
    /// - Parameters:
    ///   - service: Environment and name, as in `dev.lever/clock`.
    ///   - handler: What answers; LeverService makes one of a service's methods.
    ///   - description: What the service is for.
    ///   - isPrivate: Whether only services of its environment may call it, and ``client(in:)`` of that.
    /// - Throws: `RPCError`: `badURL` for a malformed name; `conflict` where the name is taken by a registered or a deployed
    ///   service, or the environment is the host's own; `shuttingDown` once the host ends. Before the host runs it is not known
    ///   what is deployed: then ``run()`` throws the conflict.
    public func register(
        _ service: String, _ handler: any RPCHandler, description: String? = nil, isPrivate: Bool = false
    ) async throws {
        try await services.register(
            try ServiceID(service), handler, description: description, isPrivate: isPrivate)
    }

    /// Takes a service out that was registered. New calls are refused at once, those in progress get
    /// ``Configuration/shutdownTimeout``, its resources are closed. Returns once no handler of it runs any more.
    ///
    /// - Throws: `RPCError`: `badURL` for a malformed name, `noService` where none is registered under it.
    public func unregister(_ service: String) async throws {
        try await services.unregister(try ServiceID(service))
    }

    /// Calls services as one of an environment does: its private services answer, and names without an environment mean it.
    /// Else as ``client``; for the calls that registered services make.
    public func client(in environment: EnvironmentName) -> any RPCTransport {
        ServerClient(start, caller: Caller(environment: environment, isLocal: false))
    }
}
