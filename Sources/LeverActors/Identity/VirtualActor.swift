public import Distributed

/// An actor that is where its calls are: it comes to life on one instance of its service when it is called, and leaves it when
/// it is idle, or when its instance is to stop.
///
/// ```swift
/// distributed actor Room: VirtualActor {
///     private var messages: [String] = []
///
///     distributed func say(_ text: String) -> Int {
///         messages.append(text)
///         return messages.count
///     }
/// }
/// ```
///
/// At any moment at most one instance acts for it. Its state lasts for one activation; what has to last longer it loads in
/// ``activated(epoch:)`` and stores as it changes, or at the latest in ``deactivating()``, which a crash leaves no time for.
public protocol VirtualActor: DistributedActor where ActorSystem == LeverActorSystem {
    /// Runs before the actor's first call. Where it throws, the actor does not come to life, and the calls that wait for it fail
    /// with `UNAVAILABLE` and the error's text.
    ///
    /// - Parameter epoch: Of this activation. It is higher than those of all before it, so that a store can refuse the writes of
    ///   an older one. 0 where the host sends none.
    func activated(epoch: UInt64) async throws

    /// Runs after the actor's last call, and before it may come to life elsewhere. Tasks that the actor has started have to end
    /// here: after this, another may act for it.
    func deactivating() async
}

extension VirtualActor {
    /// Does nothing.
    public func activated(epoch: UInt64) async throws {}

    /// Does nothing.
    public func deactivating() async {}
}
