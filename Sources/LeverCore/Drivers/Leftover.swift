/// An instance that an earlier run of the host has started and left, as its driver knows it.
public struct Leftover: Sendable, Hashable {
    /// Its id.
    public var id: InstanceID
    /// The service that it is an instance of.
    public var service: ServiceID
    /// The version that it runs.
    public var version: Int

    /// Makes it of its parts.
    public init(id: InstanceID, service: ServiceID, version: Int) {
        self.id = id
        self.service = service
        self.version = version
    }
}
