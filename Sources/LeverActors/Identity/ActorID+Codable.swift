internal import Distributed
internal import LeverCore

extension LeverActorSystem.ActorID: Codable {
    /// Reads `lever://<environment>/<service>/<resource>`, or `/<service>/<resource>` for the own environment.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do throws(RPCError) {
            try self.init(text: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.message)
        }
    }

    /// Writes the identity, completed by the system that encodes it.
    public func encode(to encoder: any Encoder) throws {
        let system = encoder.userInfo[.actorSystemKey] as? LeverActorSystem
        let id = system?.complete(self) ?? self
        guard id.unplaced == nil, id.service != nil else {
            throw EncodingError.invalidValue(
                self,
                .init(
                    codingPath: encoder.codingPath,
                    debugDescription: unplaced == nil
                        ? "the actor \"\(resource)\" names no service" : "an actor without a host cannot be sent"))
        }
        var container = encoder.singleValueContainer()
        try container.encode(id.description)
    }

    private init(text: String) throws(RPCError) {
        // An address is an identity with a method behind it.
        let url = try LeverURL(text + "/x")
        guard !url.resource.isEmpty else {
            throw RPCError(
                .badURL,
                "\"\(text.prefix(256))\" is no actor: it should be lever://<environment>/<service>/<name>")
        }
        self.init(url.resource, service: url.service, environment: url.environment)
    }
}
