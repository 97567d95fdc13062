package import LeverCore
package import NIOCore
import Synchronization

/// Who starts instances, and activates resources, when calls wait for one.
package protocol InstanceStarter: Sendable {
    /// A call waits for an instance of the service, or for an activation of the resource where one is named; called from any
    /// thread, once for each call that begins to wait, after it has been put into the waiting room.
    func callsWait(for service: ServiceID, resource: ResourceID?)
}

/// The calls that wait for an instance or an activation, bounded for each service and for the host: what comes on top is
/// refused at once rather than late. Shared by all event loops; only calls that have nowhere to go come here.
///
/// The calls of a service without a resource are one group, those of each resource another; a group is released as a whole.
package final class WaitingRoom: Sendable {
    /// One call that waits; made on its event loop and told there.
    package final class Waiter: Sendable {
        fileprivate let service: ServiceID
        fileprivate let resource: ResourceID?
        fileprivate let eventLoop: any EventLoop
        fileprivate let resume: NIOLoopBound<(Result<Void, RPCError>) -> Void>
        /// Set when the call has left between its release and the loop's turn.
        fileprivate let hasLeft = Atomic(false)

        fileprivate init(
            service: ServiceID, resource: ResourceID?, eventLoop: any EventLoop,
            resume: @escaping (Result<Void, RPCError>) -> Void
        ) {
            self.service = service
            self.resource = resource
            self.eventLoop = eventLoop
            self.resume = NIOLoopBound(resume, eventLoop: eventLoop)
        }

        fileprivate func tell(_ result: Result<Void, RPCError>) {
            eventLoop.execute {
                if !self.hasLeft.load(ordering: .relaxed) { self.resume.value(result) }
            }
        }
    }

    private typealias Group = [ObjectIdentifier: Waiter]

    /// The calls that wait for one service.
    private struct Queue {
        var count = 0
        var groups: [ResourceID?: Group] = [:]
    }

    private struct State {
        var total = 0
        var queues: [ServiceID: Queue] = [:]

        mutating func take(_ service: ServiceID, _ resource: ResourceID?) -> [Waiter] {
            guard let group = queues[service]?.groups.removeValue(forKey: resource) else { return [] }
            removed(group.count, service)
            return Array(group.values)
        }

        mutating func takeAll(_ service: ServiceID) -> [Waiter] {
            guard let queue = queues.removeValue(forKey: service) else { return [] }
            total -= queue.count
            return queue.groups.values.flatMap(\.values)
        }

        mutating func removed(_ count: Int, _ service: ServiceID) {
            total -= count
            queues[service]?.count -= count
            if queues[service]?.count == 0 { queues[service] = nil }
        }
    }

    private let configuration: RouterConfiguration.Waiting
    private let starter: any InstanceStarter
    private let state = Mutex(State())

    package init(configuration: RouterConfiguration.Waiting, starter: any InstanceStarter) {
        self.configuration = configuration
        self.starter = starter
    }

    /// Lets a call wait. With `isNews` the starter is told; a call that goes to an instance again shortly is no news.
    /// `resume` is called once on the loop: with success when it is worth to pick again, with the error that ends the call, or
    /// never when the waiter has left.
    package func enter(
        _ service: ServiceID, resource: ResourceID? = nil, isNews: Bool = true, on eventLoop: any EventLoop,
        resume: @escaping (Result<Void, RPCError>) -> Void
    ) throws(RPCError) -> Waiter {
        let waiter = Waiter(service: service, resource: resource, eventLoop: eventLoop, resume: resume)
        let refusal: RPCError? = state.withLock { state in
            let waiting = state.queues[service]?.count ?? 0
            guard waiting < configuration.callsPerService else {
                return RPCError(.queueFull, "\(waiting) calls wait for an instance of \(service) already")
            }
            guard state.total < configuration.calls else {
                return RPCError(.queueFull, "\(state.total) calls wait for instances on this host already")
            }
            state.queues[service, default: Queue()].groups[resource, default: [:]][ObjectIdentifier(waiter)] = waiter
            state.queues[service]?.count += 1
            state.total += 1
            return nil
        }
        if let refusal { throw refusal }
        if isNews { starter.callsWait(for: service, resource: resource) }
        return waiter
    }

    /// Takes a call out whose caller has gone or whose time is over.
    package func leave(_ waiter: Waiter) {
        waiter.hasLeft.store(true, ordering: .relaxed)
        state.withLock { state in
            let key = ObjectIdentifier(waiter)
            guard state.queues[waiter.service]?.groups[waiter.resource]?.removeValue(forKey: key) != nil else { return }
            if state.queues[waiter.service]?.groups[waiter.resource]?.isEmpty == true {
                state.queues[waiter.service]?.groups[waiter.resource] = nil
            }
            state.removed(1, waiter.service)
        }
    }

    /// Lets the calls that wait for the service without a resource, or for the one that is named, pick again (`nil`), or ends
    /// them.
    package func release(_ service: ServiceID, resource: ResourceID?, failing error: RPCError? = nil) {
        tell(state.withLock { $0.take(service, resource) }, error)
    }

    /// Lets all calls that wait for the service or one of its resources pick again (`nil`), or ends them.
    package func releaseAll(_ service: ServiceID, failing error: RPCError? = nil) {
        tell(state.withLock { $0.takeAll(service) }, error)
    }

    private func tell(_ waiters: [Waiter], _ error: RPCError?) {
        for waiter in waiters { waiter.tell(error.map { .failure($0) } ?? .success(())) }
    }

    /// Calls that wait for a service or one of its resources.
    package func count(_ service: ServiceID) -> Int {
        state.withLock { $0.queues[service]?.count ?? 0 }
    }

    /// Calls that wait for a service without a resource, or for the one that is named.
    package func count(_ service: ServiceID, resource: ResourceID?) -> Int {
        state.withLock { $0.queues[service]?.groups[resource]?.count ?? 0 }
    }
}
