public import LeverCore
import Synchronization

/// Watches which instance acts for which resource, and says where two ever did.
///
/// A ``LeverTestHost`` has one that sees what reaches its instances and what they answer, knowing nothing of the host's
/// decisions, and ``withTestHost(seed:configuration:_:)`` checks it at the end. For services that run elsewhere, have them note
/// the same on a witness of your own.
public final class ActivationWitness: Sendable {
    private struct Key: Hashable {
        let service: ServiceID
        let resource: ResourceID
    }

    private struct Holder {
        let instance: InstanceID
        let epoch: Epoch
        var running = 0
    }

    private struct State {
        var holders: [Key: Holder] = [:]
        var epochs: [Key: [Epoch]] = [:]
        var dead: Set<InstanceID> = []
        /// Services that do not hear of their resources, and so cannot wait for their handlers.
        var unaware: Set<ServiceID> = []
        var violations: [String] = []
    }

    private let state = Mutex(State())

    /// Makes a witness that has seen nothing.
    public init() {}

    /// What was wrong, in the order in which it happened.
    public var violations: [String] { state.withLock { $0.violations } }

    /// The epochs of the activations that a resource has had, in their order.
    public func epochs(of resource: ResourceID, in service: ServiceID) -> [Epoch] {
        state.withLock { $0.epochs[Key(service: service, resource: resource)] ?? [] }
    }

    /// Checks that no two instances ever acted for one resource, and that epochs only rose.
    ///
    /// - Throws: ``TestFailure`` with all that was wrong.
    public func check() throws {
        let violations = violations
        guard violations.isEmpty else { throw TestFailure(violations.joined(separator: "\n")) }
    }

    // MARK: What happens

    /// An instance was told that the resource is its own: from now on it may act for it.
    public func taken(_ resource: ResourceID, of service: ServiceID, by instance: InstanceID, epoch: Epoch) {
        state.withLock { state in
            guard !state.dead.contains(instance) else { return }
            let key = Key(service: service, resource: resource)
            let what = "resource \"\(resource)\" of \(service)"
            if let holder = state.holders[key], !state.dead.contains(holder.instance) {
                state.violations.append(
                    "\(what) was given to \(instance) (epoch \(epoch)) while \(holder.instance) held it "
                        + "(epoch \(holder.epoch)), with \(holder.running) running handlers")
            }
            if let last = state.epochs[key]?.last, last >= epoch {
                state.violations.append(
                    "\(what) was given to \(instance) with epoch \(epoch), which is not above \(last)")
            }
            state.epochs[key, default: []].append(epoch)
            state.holders[key] = Holder(instance: instance, epoch: epoch)
        }
    }

    /// An instance has let go of the resource, or has refused it.
    public func released(_ resource: ResourceID, of service: ServiceID, by instance: InstanceID, epoch: Epoch) {
        state.withLock { state in
            let key = Key(service: service, resource: resource)
            guard !state.dead.contains(instance), let holder = state.holders[key], holder.instance == instance,
                holder.epoch == epoch
            else { return }
            if holder.running > 0, !state.unaware.contains(service) {
                state.violations.append(
                    "\(instance) let go of resource \"\(resource)\" of \(service) while \(holder.running) of its "
                        + "handlers were running")
            }
            state.holders[key] = nil
        }
    }

    /// A handler of a resource begins or ends on an instance.
    public func acts(
        _ isBegin: Bool, _ resource: ResourceID, of service: ServiceID, on instance: InstanceID, epoch: Epoch
    ) {
        state.withLock { state in
            let key = Key(service: service, resource: resource)
            guard !state.dead.contains(instance), !state.unaware.contains(service) else { return }
            guard let holder = state.holders[key], holder.instance == instance, holder.epoch == epoch else {
                state.violations.append(
                    "a handler of resource \"\(resource)\" of \(service) \(isBegin ? "began" : "ended") on \(instance) "
                        + "(epoch \(epoch)), "
                        + (state.holders[key].map { "but \($0.instance) (epoch \($0.epoch)) holds it" }
                            ?? "which does not hold it"))
                return
            }
            state.holders[key]?.running += isBegin ? 1 : -1
        }
    }

    /// A service has no hooks for its resources: a handler of which nobody waits for the end any more may run on after its
    /// resource has gone elsewhere, which is no violation.
    public func hasNoHooks(_ service: ServiceID) {
        state.withLock { _ = $0.unaware.insert(service) }
    }

    /// An instance is dead: nothing that it held is held any more.
    public func died(_ instance: InstanceID) {
        state.withLock { state in
            state.dead.insert(instance)
            state.holders = state.holders.filter { $0.value.instance != instance }
        }
    }
}
