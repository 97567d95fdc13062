public import LeverClient

extension LeverActorSystem {
    /// What a system is made with beside its client.
    public struct Configuration: Sendable {
        /// What calls ask for, such as a deadline. A deadline cannot end calls that stay on their instance: those go on until the
        /// call that they are made on behalf of is cancelled.
        public var options = CallOptions.defaults
        /// Whether calls between actors on one instance stay there. Otherwise they go through the router as all others do, for
        /// example to be seen in its figures.
        public var staysWithinInstance = true
        /// How deep calls that stay on their instance may be nested; the host has a bound of its own for all others.
        public var maximumDepth = 32

        /// Makes a configuration of the defaults.
        public init() {}

        /// No deadline of its own; calls stay on their instance where they can.
        public static var defaults: Configuration { Configuration() }
    }
}
