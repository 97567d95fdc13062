public import Distributed
public import LeverClient
public import LeverCore
internal import LeverService
internal import Synchronization

/// Makes Swift's distributed actors virtual ones: an actor is a resource of a service, and a call of its methods goes, through
/// the router, to the one instance on which it is.
///
/// ```swift
/// let system = try LeverActorSystem(client: LeverClient(host: "127.0.0.1:8080"), service: "chat")
/// let lobby = try Room.resolve(id: .init("lobby"), using: system)
/// let count = try await lobby.say("hello")
/// ```
///
/// `resolve` makes a stand-in for the actor and calls nothing; there need not be such an actor yet, nor a service. A call's
/// arguments and result travel as those of any method, under the method's name without labels, so that a stand-in may also stand
/// for a resource of a service that is written in another language.
///
/// A service takes actors in with ``Actors``. Calls between actors of one system that are on the same instance do not leave it.
///
/// A call throws what the method throws where that is `Codable` and the caller's program has the type; `RemoteError` for other
/// errors of the method; `RPCError` when the call failed otherwise; `CancellationError`.
public final class LeverActorSystem: DistributedActorSystem, Sendable {
    /// Arguments and results are codable, and may cross from one isolation to another.
    public typealias SerializationRequirement = any Codable & Sendable

    /// What calls go through where they leave this instance.
    public let client: LeverClient
    /// The service of identities that name none.
    public let service: ServiceName?
    /// The environment of identities that name none; `nil` takes the client's.
    public let environment: EnvironmentName?
    /// Everything else.
    public let configuration: Configuration

    let names = MethodNames()
    let hosted = HostedActors()
    private let lastUnplaced = Atomic<UInt64>(0)

    /// Makes a system.
    ///
    /// - Parameters:
    ///   - client: What calls go through.
    ///   - service: The service of identities that name none.
    ///   - environment: The environment of identities that name none; `nil` takes the client's.
    ///   - configuration: Everything else.
    public init(
        client: LeverClient, service: ServiceName? = nil, environment: EnvironmentName? = nil,
        configuration: Configuration = .defaults
    ) {
        self.client = client
        self.service = service
        self.environment = environment
        self.configuration = configuration
    }

    /// Makes a system by the name of a service.
    ///
    /// - Throws: `RPCError` where the name is malformed.
    public convenience init(
        client: LeverClient, service: String, environment: EnvironmentName? = nil,
        configuration: Configuration = .defaults
    ) throws(RPCError) {
        self.init(
            client: client, service: try ServiceName(service), environment: environment, configuration: configuration)
    }

    /// An identity with what it leaves out filled in: the system's service, and the environment that calls belong to where it is
    /// used.
    public func complete(_ id: ActorID) -> ActorID {
        guard id.unplaced == nil, id.service == nil || id.environment == nil else { return id }
        var id = id
        id.service = id.service ?? service
        id.environment =
            id.environment ?? environment ?? client.configuration.environment ?? CallContext.current?.url.environment
            ?? .default
        return id
    }

    // MARK: What the compiler calls

    /// Gives `nil`, by which the actor becomes a stand-in, also where it is on this instance: it may leave it at any time.
    ///
    /// - Throws: `RPCError` where the identity is malformed, or neither it nor the system names a service.
    public func resolve<Act: DistributedActor>(id: ActorID, as type: Act.Type) throws -> Act? where Act.ID == ActorID {
        try id.validate()
        guard id.service != nil || service != nil else {
            throw RPCError(
                .badURL, "the actor \"\(id.resource)\" names no service, and its system has none: give one a name")
        }
        return nil
    }

    /// Gives an actor that is being made its identity: the resource that it is made for. One that a program makes itself, such as
    /// in a test, gets one that nobody can call.
    public func assignID<Act: DistributedActor>(_ type: Act.Type) -> ActorID where Act.ID == ActorID {
        Placement.current?.take(type, in: self)
            ?? ActorID(unplaced: lastUnplaced.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    /// Nothing: who makes the actor takes it in.
    public func actorReady<Act: DistributedActor>(_ actor: Act) where Act.ID == ActorID {}

    /// Nothing: an identity outlives its actors.
    public func resignID(_ id: ActorID) {}

    /// Makes what takes down a call's arguments.
    public func makeInvocationEncoder() -> InvocationEncoder {
        InvocationEncoder(ActorCoding(system: self))
    }
}
