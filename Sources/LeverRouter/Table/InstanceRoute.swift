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
    package let place: Place
    /// Where calls that the instance makes on behalf of others go, where that is not what its service's route says.
    package let internalGateway: String?
    /// Says why it ended; `nil` where nobody would tell.
    package let end: InstanceEnd?
    /// All calls and channels, those of resources included: they go in whether it is closed or not, since it is their
    /// activation's gate that keeps them out.
    package let gate = Gate()
    /// Set once the instance has ended: nobody connects to it any more.
    private let hasEnded = Atomic(false)

    /// Where calls of an instance go.
    package enum Place: Sendable {
        /// To an address.
        case address(TransportAddress)
        /// To a handler of this process.
        case inProcess(any RPCHandler)
    }

    package init(
        id: InstanceID, service: ServiceID, version: Int, place: Place, internalGateway: String? = nil,
        end: InstanceEnd? = nil
    ) {
        self.id = id
        self.service = service
        self.version = version
        self.place = place
        self.internalGateway = internalGateway
        self.end = end
    }

    package convenience init(
        id: InstanceID, service: ServiceID, version: Int, address: TransportAddress, internalGateway: String? = nil,
        end: InstanceEnd? = nil
    ) {
        self.init(
            id: id, service: service, version: version, place: .address(address), internalGateway: internalGateway,
            end: end)
    }

    /// Lets a call out again, and notes when that was.
    package func leave(at now: NIODeadline) { gate.leave(at: now) }

    /// For how long no call has been inside; zero while one is.
    package func idleTime(at now: NIODeadline) -> Duration { gate.idleTime(at: now) }

    /// Whether the instance has ended.
    package var isGone: Bool { hasEnded.load(ordering: .acquiring) }

    /// Notes that the instance has ended.
    package func markGone() { hasEnded.store(true, ordering: .releasing) }
}
