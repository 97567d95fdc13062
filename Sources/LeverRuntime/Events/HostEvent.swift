package import LeverCore

/// Something that the host did, and why: for people who want to know what goes on, not for programs to act on.
package struct HostEvent: Sendable, Hashable {
    /// Counts from 1 for each run of the host.
    package var number: Int
    /// When, in seconds since 1970.
    package var time: Double
    /// What happened.
    package var kind: Kind
    /// The environment that it happened in.
    package var environment: EnvironmentName
    /// The service; `nil` for what concerns an environment.
    package var service: ServiceName?
    /// The instance, where it is about one.
    package var instance: InstanceID?
    /// Why, or more exactly what, in words.
    package var message: String

    /// What happened, as a token of lower-case words joined by `-`.
    package struct Kind: Sendable, Hashable, CustomStringConvertible {
        package let token: String

        package init(token: String) { self.token = token }

        package var description: String { token }

        /// The driver was asked for an instance.
        package static let instanceStarted = Self(token: "instance-started")
        /// An instance of an earlier run of the host goes on.
        package static let instanceAdopted = Self(token: "instance-adopted")
        /// An instance answers.
        package static let instanceReady = Self(token: "instance-ready")
        /// An instance takes no new calls.
        package static let instanceDraining = Self(token: "instance-draining")
        /// An instance does not answer any more.
        package static let instanceSilent = Self(token: "instance-silent")
        /// An instance has ended.
        package static let instanceEnded = Self(token: "instance-ended")
        /// A version is to take over.
        package static let deploymentStarted = Self(token: "deployment-started")
        /// A version has taken over.
        package static let deploymentLive = Self(token: "deployment-live")
        /// A version did not take over.
        package static let deploymentFailed = Self(token: "deployment-failed")
        /// Another number of instances is wanted.
        package static let scaled = Self(token: "scaled")
        /// An administrator set the bounds of scaling, or took them back.
        package static let boundsSet = Self(token: "bounds-set")
        /// A resource went to another instance because somebody asked for it.
        package static let resourceMoved = Self(token: "resource-moved")
        /// `CloseResource` was not answered.
        package static let resourceStuck = Self(token: "resource-stuck")
        /// A service was removed.
        package static let serviceRemoved = Self(token: "service-removed")
        /// An environment was made.
        package static let environmentAdded = Self(token: "environment-added")
        /// An environment was removed.
        package static let environmentRemoved = Self(token: "environment-removed")
    }
}
