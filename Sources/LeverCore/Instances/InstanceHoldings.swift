/// The resources that a running instance has, as its SDK says when a later run of the host asks (`_Adopt`).
///
/// The host asks with its term, and from then on the SDK refuses `NewResource` and `CloseResource` of earlier ones, in the same
/// moment in which it looks what there is: what a host that was killed has sent, and the instance reads only now, changes nothing
/// any more.
public struct InstanceHoldings: Sendable, Equatable {
    /// A resource and the epoch under which the instance got it.
    public struct Resource: Sendable, Hashable {
        /// The resource.
        public var id: ResourceID
        /// The epoch.
        public var epoch: Epoch

        /// Makes it of its parts.
        public init(_ id: ResourceID, _ epoch: Epoch) {
            self.id = id
            self.epoch = epoch
        }
    }

    /// The instance, as it was told at its start.
    public var instance: InstanceID
    /// What it holds: `NewResource` has succeeded.
    public var held: [Resource]
    /// What was on its way in or out when its host ended: nobody knows whether the instance holds it before `CloseResource` has
    /// been answered.
    public var unsettled: [Resource]

    /// Makes them of their parts.
    public init(instance: InstanceID, held: [Resource] = [], unsettled: [Resource] = []) {
        self.instance = instance
        self.held = held
        self.unsettled = unsettled
    }

    /// All resources, with those that are on their way.
    var all: [Resource] { held + unsettled }
}

// The answer to `_Adopt`: {"instance": "hello-3-1", "held": [["room", 12884901889], …], "unsettled": [[…], …]}
extension InstanceHoldings {
    /// As an instance answers.
    package var value: LeverValue {
        func list(_ resources: [Resource]) -> LeverValue {
            .array(resources.map { [.string($0.id.rawValue), .number(Double($0.epoch.rawValue))] })
        }
        return ["instance": .string(instance.rawValue), "held": list(held), "unsettled": list(unsettled)]
    }

    /// Reads an instance's answer.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidInput`` that names what is malformed.
    package init(_ value: LeverValue) throws(RuntimeError) {
        guard let instance = value["instance"]?.stringValue else { throw Self.malformed("instance", value["instance"]) }
        self.instance = InstanceID(instance)
        held = try Self.resources("held", of: value)
        unsettled = try Self.resources("unsettled", of: value)
    }

    private static func resources(_ name: String, of value: LeverValue) throws(RuntimeError) -> [Resource] {
        guard let list = value[name]?.arrayValue else { throw malformed(name, value[name]) }
        var resources: [Resource] = []
        for entry in list {
            guard let id = entry[0]?.stringValue, !id.isEmpty, id.utf8.count <= LeverURL.maximumResourceLength,
                let number = entry[1]?.numberValue, let raw = UInt64(exactly: number),
                let epoch = Epoch(rawValue: raw)
            else { throw malformed("\(name)[\(resources.count)]", entry) }
            resources.append(Resource(ResourceID(id), epoch))
        }
        return resources
    }

    private static func malformed(_ name: String, _ value: LeverValue?) -> RuntimeError {
        let text = value.map { String($0.json().prefix(128)) } ?? "missing"
        return RuntimeError(.invalidInput, "\(name) of the answer to _Adopt is \(text)")
    }
}
