public import Logging

/// A resource that comes to this instance, or leaves it.
public struct ResourceContext: Sendable {
    /// The resource's name.
    public let name: String
    /// The epoch of the activation: higher than that of every activation of the resource before, so what is written elsewhere can be
    /// fenced with it. 0 where the host sends none.
    public let epoch: UInt64
    /// Names the resource in each line, as `lever.resource`.
    public let logger: Logger

    init(name: String, epoch: UInt64, logger: Logger) {
        self.name = name
        self.epoch = epoch
        var logger = logger
        logger[metadataKey: "lever.resource"] = "\(name)"
        self.logger = logger
    }
}
