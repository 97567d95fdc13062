/// The machines of all resources that are not inactive, kept small: one record in an array for each, found by name, and
/// linked to the others of its instance through the records themselves.
struct ActivationTable: Sendable {
    typealias Slot = UInt32

    /// One resource.
    struct Record: Sendable {
        let resource: ResourceID
        var machine: ActivationMachine
        fileprivate var next = noSlot
        fileprivate var previous = noSlot
    }

    /// The records of one instance, in an order.
    struct List: Sendable {
        fileprivate(set) var head = noSlot
        fileprivate(set) var tail = noSlot
        fileprivate(set) var count = 0

        var first: Slot? { head == noSlot ? nil : head }
    }

    /// No record: the end of a list.
    static let noSlot = Slot.max

    private var records: [Record] = []
    private var slots: [ResourceID: Slot] = [:]
    /// Places in `records` that are not in use; linked through `next`.
    private var firstFree = noSlot

    /// Resources that are not inactive.
    var count: Int { slots.count }

    /// Where a resource's record is.
    func slot(of resource: ResourceID) -> Slot? { slots[resource] }

    subscript(slot: Slot) -> Record {
        records[Int(slot)]
    }

    /// All records, in no order that means anything.
    var all: some Sequence<Record> {
        slots.values.lazy.map { records[Int($0)] }
    }

    /// Whether a place is in use.
    func isUsed(_ slot: Slot) -> Bool {
        Int(slot) < records.count && slots[records[Int(slot)].resource] == slot
    }

    /// Makes the record of a resource that has none.
    mutating func insert(_ resource: ResourceID) -> Slot {
        let record = Record(resource: resource, machine: ActivationMachine())
        let slot: Slot
        if firstFree == Self.noSlot {
            slot = Slot(records.count)
            records.append(record)
        } else {
            slot = firstFree
            firstFree = records[Int(slot)].next
            records[Int(slot)] = record
        }
        slots[resource] = slot
        return slot
    }

    /// Takes out a record that is in no list.
    mutating func remove(_ slot: Slot) {
        slots[records[Int(slot)].resource] = nil
        guard !slots.isEmpty else {
            // What many resources took is given back.
            self = ActivationTable()
            return
        }
        // The name of a resource that is gone takes no memory.
        records[Int(slot)] = Record(resource: ResourceID(""), machine: ActivationMachine())
        records[Int(slot)].next = firstFree
        firstFree = slot
    }

    mutating func handle(
        _ event: ActivationMachine.Event, _ slot: Slot, at now: ContinuousClock.Instant,
        in context: ActivationMachine.Context
    ) -> [ActivationMachine.Action] {
        records[Int(slot)].machine.handle(event, at: now, in: context)
    }

    // MARK: Lists

    mutating func append(_ slot: Slot, to list: inout List) {
        records[Int(slot)].previous = list.tail
        records[Int(slot)].next = Self.noSlot
        if list.tail == Self.noSlot { list.head = slot } else { records[Int(list.tail)].next = slot }
        list.tail = slot
        list.count += 1
    }

    mutating func prepend(_ slot: Slot, to list: inout List) {
        records[Int(slot)].next = list.head
        records[Int(slot)].previous = Self.noSlot
        if list.head == Self.noSlot { list.tail = slot } else { records[Int(list.head)].previous = slot }
        list.head = slot
        list.count += 1
    }

    mutating func unlink(_ slot: Slot, from list: inout List) {
        let (next, previous) = (records[Int(slot)].next, records[Int(slot)].previous)
        if previous == Self.noSlot { list.head = next } else { records[Int(previous)].next = next }
        if next == Self.noSlot { list.tail = previous } else { records[Int(next)].previous = previous }
        records[Int(slot)].next = Self.noSlot
        records[Int(slot)].previous = Self.noSlot
        list.count -= 1
    }

    /// The record after one in its list.
    func next(_ slot: Slot) -> Slot? {
        let next = records[Int(slot)].next
        return next == Self.noSlot ? nil : next
    }
}
