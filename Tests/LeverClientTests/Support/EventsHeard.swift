import LeverClient
import Synchronization

/// What was said of a deployment, in order.
final class EventsHeard: Sendable {
    private let events = Mutex<[DeploymentEvent]>([])

    var all: [DeploymentEvent] { events.withLock { $0 } }

    @Sendable func add(_ event: DeploymentEvent) { events.withLock { $0.append(event) } }
}
