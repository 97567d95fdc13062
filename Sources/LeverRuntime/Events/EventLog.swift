package import LeverCore

/// What the host did lately, in bounded memory: written by whatever does it, read by the administration.
///
/// Writing never waits. A reader that is too slow is told how many events it missed.
package final class EventLog: Sendable {
    /// Events that a reader gets at once, and how many were overwritten before them.
    package typealias Batch = BoundedLog<HostEvent>.Batch

    private let log: BoundedLog<HostEvent>
    private let clock: @Sendable () -> Double

    /// - Parameters:
    ///   - capacity: how many events are kept.
    ///   - clock: the time in seconds since 1970; the system's where there is none.
    package init(capacity: Int = 1_000, clock: (@Sendable () -> Double)? = nil) {
        log = BoundedLog(capacity: capacity)
        self.clock = clock ?? CatalogRules.secondsSince1970
    }

    /// The number of the newest event; 0 before the first.
    package var last: Int { log.last }

    /// Notes what happened to a service, or to one of its instances.
    package func append(
        _ kind: HostEvent.Kind, _ service: ServiceID, instance: InstanceID? = nil, _ message: String
    ) {
        append(kind, service.environment, service.service, instance, message)
    }

    /// Notes what happened to an environment.
    package func append(_ kind: HostEvent.Kind, _ environment: EnvironmentName, _ message: String) {
        append(kind, environment, nil, nil, message)
    }

    private func append(
        _ kind: HostEvent.Kind, _ environment: EnvironmentName, _ service: ServiceName?, _ instance: InstanceID?,
        _ message: String
    ) {
        let time = clock()
        log.append { number in
            HostEvent(
                number: number, time: time, kind: kind, environment: environment, service: service, instance: instance,
                message: message)
        }
    }

    /// Ends all subscriptions, once they have given what there is.
    package func end() { log.end() }

    /// The newest events, oldest first, at most `count`.
    package func newest(_ count: Int) -> Batch { log.newest(count) }

    /// The events after a number, and how many before them were overwritten; at once.
    package func read(after number: Int) -> Batch { log.read(after: number) }

    /// The events after a number, then each that comes, until ``end()`` or until the task that iterates is cancelled.
    package func subscribe(after number: Int) -> Subscription {
        Subscription(log: log, after: number)
    }

    /// Events as they come, in batches.
    package struct Subscription: AsyncSequence, Sendable {
        let log: BoundedLog<HostEvent>
        let after: Int

        package struct AsyncIterator: AsyncIteratorProtocol {
            let log: BoundedLog<HostEvent>
            var number: Int

            package mutating func next() async -> Batch? {
                guard let batch = await log.next(after: number, limit: 128) else { return nil }
                number = batch.last
                return batch
            }
        }

        package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(log: log, number: after) }
    }
}
