// What administration and tests look at.
extension ResourceDirectory {
    /// One resource as it stands.
    public struct Standing: Sendable, Hashable {
        /// Its name.
        public let resource: ResourceID
        /// Where it stands.
        public let phase: ActivationMachine.Phase
        /// The one activation there is, on its way in or out included; `nil` while an instance is awaited.
        public let activation: Activation?
        /// Whether calls wait for an activation.
        public let hasWaiters: Bool
    }

    /// Resources that are not inactive.
    public var count: Int { table.count }

    /// All resources that are not inactive, in no order that means anything.
    public var standings: some Sequence<Standing> {
        table.all.lazy.map(Self.standing)
    }

    /// The first resources, in the order of their names, that begin with a prefix and come after one, at most `limit`.
    ///
    /// All are looked at, but only the page is kept in order: that takes a comparison for each of them, not a sort of all.
    public func page(prefix: String, after: ResourceID?, limit: Int) -> [Standing] {
        guard limit > 0 else { return [] }
        var page: [Standing] = []
        for record in table.all {
            let resource = record.resource
            if page.count == limit, let last = page.last, last.resource < resource { continue }
            guard prefix.isEmpty || resource.rawValue.utf8.starts(with: prefix.utf8) else { continue }
            if let after, !(after < resource) { continue }
            var (low, high) = (0, page.count)
            while low < high {
                let middle = (low + high) / 2
                if page[middle].resource < resource { low = middle + 1 } else { high = middle }
            }
            page.insert(Self.standing(record), at: low)
            if page.count > limit { page.removeLast() }
        }
        return page
    }

    /// Where a resource stands; `nil` when it is inactive.
    public func standing(of resource: ResourceID) -> Standing? {
        table.slot(of: resource).map { Self.standing(table[$0]) }
    }

    /// Instances that are known, in the order in which they became ready.
    public var knownInstances: [Instance] { instances }

    /// Resources that an instance holds, those on their way in or out included; 0 for an unknown one.
    public func resourceCount(on instance: InstanceID) -> Int {
        indexes[instance].map { instances[$0].resources } ?? 0
    }

    /// Whether an instance holds no resource, but those that it does not let go of.
    public func isEmpty(_ instance: InstanceID) -> Bool {
        indexes[instance].map { instances[$0].resources == instances[$0].stuck } ?? true
    }

    /// Whether an instance may be asked to give up one more idle resource now.
    public func mayGiveUp(_ instance: InstanceID) -> Bool {
        indexes[instance].map { instances[$0].givingUp < configuration.handOversAtOnce } ?? false
    }

    private static func standing(_ record: ActivationTable.Record) -> Standing {
        Standing(
            resource: record.resource, phase: record.machine.phase, activation: record.machine.activation,
            hasWaiters: record.machine.hasWaiters)
    }
}
