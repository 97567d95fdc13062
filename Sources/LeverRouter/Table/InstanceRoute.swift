package import LeverCore
package import LeverTransport
package import NIOCore
import Synchronization

/// An instance as the data path sees it: where it is, and who is in it. One object for the instance's whole life, shared
/// by all snapshots and loops.
package final class InstanceRoute: Sendable {
    package let id: InstanceID
    package let service: ServiceID
    package let version: Int
    package let address: TransportAddress
    package let gate = Gate()
    private let lastLeft: Atomic<Int64>

    package init(id: InstanceID, service: ServiceID, version: Int, address: TransportAddress) {
        self.id = id
        self.service = service
        self.version = version
        self.address = address
        lastLeft = Atomic(Int64(bitPattern: NIODeadline.now().uptimeNanoseconds))
    }

    /// Lets a call out again, and notes when that was.
    package func leave(at now: NIODeadline) {
        lastLeft.store(Int64(bitPattern: now.uptimeNanoseconds), ordering: .relaxed)
        gate.leave()
    }

    /// For how long no call has been inside; zero while one is.
    package func idleTime(at now: NIODeadline) -> Duration {
        guard gate.inFlight == 0 else { return .zero }
        let since = lastLeft.load(ordering: .relaxed)
        return .nanoseconds(max(0, Int64(bitPattern: now.uptimeNanoseconds) - since))
    }
}
