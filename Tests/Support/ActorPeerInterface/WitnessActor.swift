public import Distributed
public import LeverActors

/// What callers know of the actors of `ActorPeer`.
@Resolvable
public protocol WitnessActor: DistributedActor where ActorSystem == LeverActorSystem {
    /// Takes some time, and says who answered.
    distributed func touch(_ milliseconds: Int) async throws -> Touch
    /// Touches itself, through its identity.
    distributed func again(_ milliseconds: Int) async throws -> Touch
    /// Touches others, one after the other.
    distributed func visit(_ others: [String], for milliseconds: Int) async throws -> [Touch]
    /// Calls another, which calls this one.
    distributed func bounce(off other: String) async throws -> [Touch]
    /// Throws an error that callers know.
    distributed func refuse(_ reason: String) async throws
    /// Adds to a sum that outlives the activation.
    distributed func add(_ number: Int) async throws -> Int
    /// The process.
    distributed func pid() async throws -> Int32
}

/// Who answered a call.
public struct Touch: Codable, Sendable, Hashable {
    /// The instance.
    public var instance: String
    /// The epoch of its activation.
    public var epoch: UInt64

    /// Names an instance and an epoch.
    public init(instance: String, epoch: UInt64) {
        self.instance = instance
        self.epoch = epoch
    }
}

/// An error that both sides know.
public enum PeerError: Error, Codable, Hashable {
    case refused(reason: String)
    case fenced(by: UInt64)
}
