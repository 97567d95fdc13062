public import LeverCore

extension LeverHost {
    /// Parts of a host that a program brings in place of the host's own. What is `nil` stays the host's.
    ///
    /// ```swift
    /// var extensions = LeverHost.Extensions()
    /// extensions.balancer = RoundRobin()
    /// extensions.makePolicy = { _ in OnePerChannel() }
    /// let host = try LeverHost(configuration: configuration, extensions: extensions)
    /// ```
    public struct Extensions: Sendable {
        /// What starts instances; else they are local processes (``ProcessDriver``).
        public var driver: (any ContainerDriver)?
        /// What remembers services; else SQLite in the data directory, or memory where there is none.
        public var catalog: (any Catalog)?
        /// Chooses the instances of calls that name no resource; else `PowerOfTwoChoices`, which the path of a call then knows
        /// by its type. An own one is asked for every call, on the event loops: it must be quick.
        public var balancer: (any LoadBalancer)?
        /// Chooses the instances that resources are activated on; else `LeastLoadedPlacement`.
        public var placement: (any ResourcePlacement)?
        /// Makes what decides how many instances a service has, once for each service and each version that takes over; else
        /// a `TargetLoadPolicy` with ``Configuration/Scaling/policy``.
        public var makePolicy: (@Sendable (ServiceID) -> any ScalingPolicy)?

        /// Brings nothing.
        public init() {}
    }
}
