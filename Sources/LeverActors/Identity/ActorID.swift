internal import Distributed
public import LeverCore

extension LeverActorSystem {
    /// Which actor: a service, and the resource of that service which the actor is.
    ///
    /// ```swift
    /// let lobby = try Room.resolve(id: .init("lobby"), using: system)
    /// let other = try Room.resolve(id: .init("lobby", service: ServiceName("chat"), environment: .default), using: system)
    /// ```
    ///
    /// What is left out is the system's: its service, and the environment that its client's calls belong to. Two identities are
    /// equal when they are written alike; ``LeverActorSystem/complete(_:)`` fills in what is left out.
    ///
    /// In arguments and results an actor travels as its identity, complete, as the text `lever://<environment>/<service>/<resource>`.
    public struct ActorID: Sendable {
        /// The resource: any text of 1 to 1024 bytes without control characters.
        public var resource: String
        /// The service; `nil` is the system's.
        public var service: ServiceName?
        /// The service's environment; `nil` is the one that calls belong to.
        public var environment: EnvironmentName?
        /// Tells apart the actors that no host has placed; `nil` for all others.
        let unplaced: UInt64?

        /// Names an actor.
        ///
        /// - Parameters:
        ///   - resource: The resource: any text of 1 to 1024 bytes without control characters.
        ///   - service: The service; `nil` is the system's.
        ///   - environment: The service's environment; `nil` is the one that calls belong to.
        public init(_ resource: String, service: ServiceName? = nil, environment: EnvironmentName? = nil) {
            self.resource = resource
            self.service = service
            self.environment = environment
            unplaced = nil
        }

        /// Names an actor of a service.
        public init(_ resource: String, of service: ServiceID) {
            self.init(resource, service: service.service, environment: service.environment)
        }

        /// An actor that is made without a host, for example in a test.
        init(unplaced number: UInt64) {
            resource = ""
            unplaced = number
        }

        /// Checks what can be wrong with the name of a resource.
        ///
        /// - Throws: `RPCError` (INVALID_ARGUMENT) that shows it.
        func validate() throws(RPCError) {
            guard unplaced == nil else {
                throw RPCError(.badURL, "an actor that was made without a host has no identity that others could call")
            }
            guard !resource.isEmpty else { throw RPCError(.badURL, "the name of an actor is empty") }
            guard resource.utf8.count <= LeverURL.maximumResourceLength else {
                throw RPCError(.badURL, "the actor's name \"\(resource.prefix(64))…\" is longer than 1024 bytes")
            }
            guard resource.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw RPCError(.badURL, "the actor's name \"\(resource.prefix(64))\" holds control characters")
            }
        }
    }
}

extension LeverActorSystem.ActorID: Hashable {
    /// Compares resources byte by byte, as instances see them: texts that only look alike differ.
    public static func == (left: Self, right: Self) -> Bool {
        left.resource.utf8.elementsEqual(right.resource.utf8) && left.service == right.service
            && left.environment == right.environment && left.unplaced == right.unplaced
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ResourceID(resource))
        hasher.combine(service)
        hasher.combine(environment)
        hasher.combine(unplaced)
    }
}

extension LeverActorSystem.ActorID: CustomStringConvertible {
    /// The identity as it travels, without what is left out: `lever://dev.lever/chat/lobby`, `/chat/lobby`, `lobby`.
    public var description: String {
        guard unplaced == nil else { return "an actor without a host" }
        guard let service else { return resource }
        guard let environment else { return "/\(service)/\(resource)" }
        return "lever://\(environment)/\(service)/\(resource)"
    }
}
