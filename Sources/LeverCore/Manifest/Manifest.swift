/// What a service says of itself in `lever.json`.
public struct Manifest: Sendable, Hashable {
    /// What an instance runs.
    public enum Entry: Sendable, Hashable {
        /// A command and its arguments, run in the code's directory.
        case command([String])
        /// A JavaScript module whose exported functions are the methods.
        case javaScript(String)
    }

    /// The service's name.
    public var name: ServiceName
    /// What it is for.
    public var description: String?
    /// What an instance runs.
    public var entry: Entry
    /// The command and its arguments that whoever deploys runs first, in the service's directory; hosts pass it over.
    public var build: [String]?
    /// The files and directories, relative to the service's directory, that are deployed beside `lever.json`; `nil` for all.
    public var files: [String]?
    /// Whether only services of the same environment may call it.
    public var isPrivate: Bool
    /// The mean number of concurrent calls at which one instance is full.
    public var maxInstanceLoad: Double
    /// Instances that are kept running even when idle.
    public var minInstances: Int
    /// The most instances that run at once; at least 1, and at least ``minInstances``.
    public var maxInstances: Int
    /// What an open channel that has nothing to do counts in ``maxInstanceLoad``'s measure.
    public var channelLoad: Double
    /// How long calls in progress may go on when an instance is replaced; `nil` for the host's bound.
    public var drainTimeout: Duration?
    /// How long open channels may go on when an instance is replaced; `nil` for the host's bound.
    public var channelDrainTimeout: Duration?
    /// Memory that one instance may use, in MB (10⁶ bytes).
    public var ram: Int
    /// Processors that one instance may use at once, a fraction or more than one; `nil` for the host's bound. Enforced in
    /// containers.
    public var cpus: Double?
    /// The image that instances run in, where they run in containers and the host allows services to choose; `nil` for the
    /// host's.
    public var image: String?
    /// Whether instances in containers may reach the internet.
    public var internet: Bool
    /// Instances that are made ahead, so that the next one starts sooner: they wait without taking processor time.
    public var spares: Int
    /// The service's own configuration.
    public var config: LeverValue

    /// Makes a manifest of values that are valid already; what is left out has its default.
    public init(
        name: ServiceName, description: String? = nil, entry: Entry = .command(["./serve"]), build: [String]? = nil,
        files: [String]? = nil, isPrivate: Bool = false, maxInstanceLoad: Double = 10, minInstances: Int = 0,
        maxInstances: Int = 10, channelLoad: Double = 0.01, drainTimeout: Duration? = nil,
        channelDrainTimeout: Duration? = nil, ram: Int = 50, cpus: Double? = nil,
        image: String? = nil, internet: Bool = true, spares: Int = 0, config: LeverValue = .object(LeverObject())
    ) {
        self.name = name
        self.description = description
        self.entry = entry
        self.build = build
        self.files = files
        self.isPrivate = isPrivate
        self.maxInstanceLoad = maxInstanceLoad
        self.minInstances = minInstances
        self.maxInstances = maxInstances
        self.channelLoad = channelLoad
        self.drainTimeout = drainTimeout
        self.channelDrainTimeout = channelDrainTimeout
        self.ram = ram
        self.cpus = cpus
        self.image = image
        self.internet = internet
        self.spares = spares
        self.config = config
    }
}
