package import LeverCore

/// What the data path knows of one service; immutable, replaced as a whole.
package final class ServiceRoute: Sendable {
    /// Where the calls of a service end.
    package enum Target: Sendable {
        /// At instances; the ones that are ready, possibly none.
        case instances([InstanceRoute])
        /// At a handler in this process.
        case inProcess(any RPCHandler)
    }

    package let id: ServiceID
    /// Whether only services of the same environment may call it.
    package let isPrivate: Bool
    /// Whether only callers on this machine, and trusted ones, may call it (the administration, until there are credentials).
    package let isLocalOnly: Bool
    package let target: Target
    /// Whether its instances are handlers of this process: its calls end here, and none is joined to a stream.
    package let isInProcess: Bool
    /// Chooses the instance of calls that name a resource, where there are no activations; `nil` where there are.
    package let placement: (any ResourcePlacement)?
    /// `host:port` that the instances' own calls go to, told to them with each call.
    package let internalGateway: String?

    /// Whether calls end in this process.
    package var endsHere: Bool { if case .inProcess = target { true } else { isInProcess } }

    /// The instances that are ready; none where the calls end in this process.
    package var instances: [InstanceRoute] { if case .instances(let instances) = target { instances } else { [] } }

    package init(
        id: ServiceID, isPrivate: Bool, isLocalOnly: Bool = false, internalGateway: String? = nil, target: Target,
        isInProcess: Bool = false, placement: (any ResourcePlacement)? = nil
    ) {
        self.id = id
        self.isPrivate = isPrivate
        self.isLocalOnly = isLocalOnly
        self.internalGateway = internalGateway
        self.target = target
        self.isInProcess = isInProcess
        self.placement = placement
    }
}
