public import LeverCore

// What the administration answers. Times are in seconds since 1970, sizes in bytes.
extension AdminClient {
    /// A service, in brief.
    public struct Service: Sendable, Hashable, Codable {
        /// Its environment.
        public var environment: String
        /// Its name.
        public var service: String
        /// The version that calls go to.
        public var version: Int?
        /// What its manifest says of it.
        public var description: String?
        /// Whether only services of its environment may call it.
        public var `private`: Bool
        /// Its address, to which a method's name is added.
        public var url: String
        /// The versions that are kept.
        public var versions: [Int]
        /// How many instances there are.
        public var instances: Int
        /// Calls and channels in them.
        public var calls: Int
        /// Calls that wait for an instance or a resource.
        public var waiting: Int
        /// Resources that are anywhere.
        public var resources: Int
        /// Whether the service is in the host's own process, registered by the program around it; `nil` where it is deployed.
        public var inProcess: Bool?
    }

    /// A service, with all about it.
    public struct ServiceDetails: Sendable, Hashable, Codable {
        /// Its environment.
        public var environment: String
        /// Its name.
        public var service: String
        /// The version that calls go to.
        public var version: Int?
        /// The version that is taking over.
        public var deploying: Int?
        /// What its manifest says of it.
        public var description: String?
        /// Whether only services of its environment may call it.
        public var `private`: Bool
        /// Its address, to which a method's name is added.
        public var url: String
        /// The versions that are kept.
        public var versions: [Int]
        /// Calls that wait for an instance or a resource.
        public var waiting: Int
        /// Resources that are anywhere.
        public var resources: Int
        /// The bounds of its scaling.
        public var scaling: Scaling?
        /// Its instances.
        public var runs: [Instance]
    }

    /// The bounds of a service's scaling.
    public struct Scaling: Sendable, Hashable, Codable {
        /// The mean number of concurrent calls at which one instance is full.
        public var maxInstanceLoad: Double
        /// Instances that are kept even when idle.
        public var minInstances: Int
        /// The most instances.
        public var maxInstances: Int
        /// What an open channel that has nothing to do counts as load.
        public var channelLoad: Double
        /// Whether an administrator has set them, in place of the manifest's.
        public var overridden: Bool
    }

    /// A change of the bounds of a service's scaling; what is `nil` stays as it is.
    public struct ScalingChange: Sendable, Hashable {
        /// The mean number of concurrent calls at which one instance is full, more than 0.
        public var maxInstanceLoad: Double?
        /// Instances that are kept even when idle.
        public var minInstances: Int?
        /// The most instances, at least 1.
        public var maxInstances: Int?
        /// What an open channel that has nothing to do counts as load.
        public var channelLoad: Double?

        /// Makes a change.
        public init(
            maxInstanceLoad: Double? = nil, minInstances: Int? = nil, maxInstances: Int? = nil,
            channelLoad: Double? = nil
        ) {
            self.maxInstanceLoad = maxInstanceLoad
            self.minInstances = minInstances
            self.maxInstances = maxInstances
            self.channelLoad = channelLoad
        }

        /// The change as the host takes it.
        var value: LeverValue {
            var members = LeverObject()
            if let maxInstanceLoad { members["maxInstanceLoad"] = .number(maxInstanceLoad) }
            if let minInstances { members["minInstances"] = .number(Double(minInstances)) }
            if let maxInstances { members["maxInstances"] = .number(Double(maxInstances)) }
            if let channelLoad { members["channelLoad"] = .number(channelLoad) }
            return .object(members)
        }
    }

    /// The versions of a service.
    public struct Versions: Sendable, Hashable, Codable {
        /// Those that are kept, newest first.
        public var versions: [Version]
        /// When which became live, newest first; also of versions that are gone.
        public var history: [LiveTime]
    }

    /// A version that is kept.
    public struct Version: Sendable, Hashable, Codable {
        /// Its number.
        public var version: Int
        /// Whether calls go to it.
        public var live: Bool
        /// When it was uploaded.
        public var uploaded: Double
        /// The size of its package.
        public var size: Int
        /// The SHA-256 of its package.
        public var digest: String
    }

    /// The moment at which a version became live.
    public struct LiveTime: Sendable, Hashable, Codable {
        /// The version.
        public var version: Int
        /// When.
        public var since: Double
    }

    /// An instance.
    public struct Instance: Sendable, Hashable, Codable {
        /// The environment of its service.
        public var environment: String
        /// Its service.
        public var service: String
        /// Its id.
        public var instance: String
        /// The version that it runs.
        public var version: Int
        /// `starting`, `ready`, `draining` or `stopping`.
        public var state: String
        /// Whether it answered when it was last asked.
        public var responsive: Bool
        /// Calls and channels in it.
        public var calls: Int
        /// Resources on it.
        public var resources: Int
        /// Seconds since its start.
        public var age: Double
        /// Seconds from its start to its first answer; `nil` before that.
        public var startTime: Double?
        /// The parts of that, in their order.
        public var startPhases: [StartPhase]?

        /// Its id.
        public var id: InstanceID { InstanceID(instance) }
    }

    /// A part of an instance's start.
    public struct StartPhase: Sendable, Hashable, Codable {
        /// What was done: `start` or what the driver tells apart of it, `listen` until it listened, `connect` until it answered.
        public var phase: String
        /// How long it took, in seconds.
        public var time: Double
    }

    /// Some of a service's resources.
    public struct ResourcePage: Sendable, Hashable, Codable {
        /// The resources.
        public var resources: [Resource]
        /// Where there are more: the name to go on after.
        public var next: String?
    }

    /// A resource.
    public struct Resource: Sendable, Hashable, Codable {
        /// Its name.
        public var resource: String
        /// What becomes of it: `inactive`, `active`, or a word for what lies between.
        public var phase: String
        /// Where it is, or is on its way to or from.
        public var instance: String?
        /// The number of its activation.
        public var epoch: UInt64?
        /// Calls and channels in it.
        public var calls: Int?
    }

    /// An environment.
    public struct Environment: Sendable, Hashable, Codable {
        /// Its name.
        public var environment: String
        /// How many services are in it.
        public var services: Int
        /// Whether an address without a name means it.
        public var `default`: Bool
    }

    /// A line that an instance wrote.
    public struct LogLine: Sendable, Hashable, Codable {
        /// The service, where the lines of a whole environment were asked for.
        public var service: String?
        /// The instance.
        public var instance: String
        /// When it was complete.
        public var time: Double
        /// The line without its end.
        public var line: String
    }

    /// Something that the host did.
    public struct Event: Sendable, Hashable, Codable {
        /// Counts from 1 for each run of the host.
        public var number: Int
        /// When.
        public var time: Double
        /// What, as a token such as `instance-ready`.
        public var kind: String
        /// The environment.
        public var environment: String
        /// The service, where it is about one.
        public var service: String?
        /// The instance, where it is about one.
        public var instance: String?
        /// Why, or more exactly what.
        public var message: String
    }
}
