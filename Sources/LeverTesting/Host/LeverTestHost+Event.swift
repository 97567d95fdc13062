public import LeverCore

extension LeverTestHost {
    /// Something that happened in a host in memory.
    public struct Event: Sendable, Hashable, CustomStringConvertible {
        /// What kinds of events there are.
        public enum Kind: Sendable, Hashable {
            /// An instance was asked for.
            case instanceStarted
            /// An instance takes calls.
            case instanceReady
            /// An instance takes no new calls.
            case instanceDraining
            /// An instance is gone; the message says how.
            case instanceEnded
            /// A version has become live.
            case versionLive
            /// A version did not become live; the message says why.
            case deploymentFailed
            /// The number of instances is to change; the message says why.
            case scaled
            /// An instance holds a resource; the message names it and the epoch.
            case resourceActivated
            /// A resource has left its instance; the message names it and the epoch.
            case resourceGivenUp
            /// An instance does not let go of a resource.
            case resourceStuck
            /// Nothing is left of a service that was removed.
            case serviceRemoved
            /// The test let something go wrong.
            case fault
        }

        /// When, in virtual time since the host was made.
        public let time: Duration
        /// What.
        public let kind: Kind
        /// The service that it happened to.
        public let service: ServiceID
        /// The instance that it happened to, if any.
        public let instance: InstanceID?
        /// More about it.
        public let message: String

        /// One line.
        public var description: String {
            "\(time) \(service) \(instance.map { "\($0) " } ?? "")\(kind): \(message)"
        }
    }

    /// What has happened, oldest first. Two runs of the same script with the same seed have the same events.
    public var events: [Event] { act { $0.events } }
}
