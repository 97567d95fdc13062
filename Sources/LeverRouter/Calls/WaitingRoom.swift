package import LeverCore
package import NIOCore
import Synchronization

/// Who starts instances when calls wait for one.
package protocol InstanceStarter: Sendable {
    /// A call waits for an instance of the service; called from any thread, once for each call that begins to wait.
    func callsWait(for service: ServiceID)
}

/// The calls that wait for an instance, bounded for each service and for the host: what comes on top is refused at once
/// rather than late. Shared by all event loops; only calls without a ready instance come here.
package final class WaitingRoom: Sendable {
    /// The bounds of the queue.
    package struct Configuration: Sendable {
        /// Calls that may wait for one service.
        package var callsPerService = 1_000
        /// Calls that may wait in all.
        package var calls = 10_000

        package init() {}
    }

    /// One call that waits; made on its event loop and told there.
    package final class Waiter: Sendable {
        fileprivate let service: ServiceID
        fileprivate let eventLoop: any EventLoop
        fileprivate let resume: NIOLoopBound<(Result<Void, RPCError>) -> Void>
        /// Set when the call has left between its release and the loop's turn.
        fileprivate let hasLeft = Atomic(false)

        fileprivate init(
            service: ServiceID, eventLoop: any EventLoop, resume: @escaping (Result<Void, RPCError>) -> Void
        ) {
            self.service = service
            self.eventLoop = eventLoop
            self.resume = NIOLoopBound(resume, eventLoop: eventLoop)
        }

        fileprivate func tell(_ result: Result<Void, RPCError>) {
            eventLoop.execute {
                if !self.hasLeft.load(ordering: .relaxed) { self.resume.value(result) }
            }
        }
    }

    private struct State {
        var total = 0
        var waiters: [ServiceID: [ObjectIdentifier: Waiter]] = [:]
    }

    private let configuration: Configuration
    private let starter: any InstanceStarter
    private let state = Mutex(State())

    package init(configuration: Configuration, starter: any InstanceStarter) {
        self.configuration = configuration
        self.starter = starter
    }

    /// Lets a call wait, and sees to it that an instance is started. `resume` is called once on the loop: with success when
    /// it is worth to pick again, with the error that ends the call, or never when the waiter has left.
    package func enter(
        _ service: ServiceID, on eventLoop: any EventLoop, resume: @escaping (Result<Void, RPCError>) -> Void
    ) throws(RPCError) -> Waiter {
        let waiter = Waiter(service: service, eventLoop: eventLoop, resume: resume)
        let refusal: RPCError? = state.withLock { state in
            let waiting = state.waiters[service]?.count ?? 0
            guard waiting < configuration.callsPerService else {
                return RPCError(.queueFull, "\(waiting) calls wait for an instance of \(service) already")
            }
            guard state.total < configuration.calls else {
                return RPCError(.queueFull, "\(state.total) calls wait for instances on this host already")
            }
            state.waiters[service, default: [:]][ObjectIdentifier(waiter)] = waiter
            state.total += 1
            return nil
        }
        if let refusal { throw refusal }
        starter.callsWait(for: service)
        return waiter
    }

    /// Takes a call out whose caller has gone or whose time is over.
    package func leave(_ waiter: Waiter) {
        waiter.hasLeft.store(true, ordering: .relaxed)
        state.withLock { state in
            guard state.waiters[waiter.service]?.removeValue(forKey: ObjectIdentifier(waiter)) != nil else { return }
            state.total -= 1
            if state.waiters[waiter.service]?.isEmpty == true { state.waiters[waiter.service] = nil }
        }
    }

    /// Lets all calls that wait for the service pick again (`nil`), or ends them.
    package func release(_ service: ServiceID, failing error: RPCError? = nil) {
        let waiters = state.withLock { state -> [Waiter] in
            let released = state.waiters.removeValue(forKey: service).map { Array($0.values) } ?? []
            state.total -= released.count
            return released
        }
        for waiter in waiters { waiter.tell(error.map { .failure($0) } ?? .success(())) }
    }

    /// Calls that wait for a service.
    package func count(_ service: ServiceID) -> Int {
        state.withLock { $0.waiters[service]?.count ?? 0 }
    }
}
