package import LeverCore
package import NIOCore

/// An activation as the data path sees it: which instance holds the resource, under which epoch, and who is in it. One object
/// for the activation's whole life, shared by all snapshots and loops.
package final class ActivationRoute: Sendable {
    package let resource: ResourceID
    package let epoch: Epoch
    package let instance: InstanceRoute
    /// The calls and channels of the resource; each is inside the instance's gate, too.
    package let gate = Gate()

    package init(resource: ResourceID, epoch: Epoch, instance: InstanceRoute) {
        self.resource = resource
        self.epoch = epoch
        self.instance = instance
    }

    /// For how long no call has been inside; zero while one is.
    package func idleTime(at now: NIODeadline) -> Duration { gate.idleTime(at: now) }
}
