import LeverCore

/// What instances wrote until now, put together from their memory, from what is kept in files, and from what lies between.
struct LogHistory {
    /// A line, or that some are missing.
    struct Entry: Sendable, Hashable {
        var instance: InstanceID
        var time: Double
        var content: Content
    }

    enum Content: Sendable, Hashable {
        case line(String)
        /// This many lines were dropped.
        case missing(Int)
    }

    /// What the memory of an instance has.
    struct Memory {
        var instance: InstanceID
        var batch: BoundedLog<OutputLine>.Batch

        /// The number of the oldest line in it.
        var first: Int { batch.last - batch.elements.count + 1 }
    }

    /// All entries from a time on, those of each instance in the order of its lines, all in the order of their times.
    ///
    /// - Parameters:
    ///   - memories: what the memories had before `kept` was looked at.
    ///   - kept: what is kept beside them. A line may be in both, and more than once.
    ///   - since: in seconds since 1970.
    static func entries(_ memories: [Memory], _ kept: [LogRecord], since: Double) -> [Entry] {
        var byInstance: [InstanceID: [LogRecord]] = [:]
        for record in kept where record.time >= since { byInstance[record.instance, default: []].append(record) }
        var entries: [Entry] = []
        for memory in memories {
            let records = byInstance.removeValue(forKey: memory.instance) ?? []
            append(records, to: &entries, before: memory.first)
            entries += memory.batch.elements.filter { $0.time >= since }.map {
                Entry(instance: memory.instance, time: $0.time, content: .line($0.text))
            }
        }
        for records in byInstance.values { append(records, to: &entries, before: nil) }
        // The sort is stable, so that lines of one instance stay in order.
        return entries.sorted { $0.time < $1.time }
    }

    /// The lines of one instance of this run within a range of numbers, and what is missing of them.
    static func entries(of instance: InstanceID, _ range: ClosedRange<Int>, in kept: [LogRecord]) -> [Entry] {
        let records = ordered(kept.filter { $0.instance == instance && $0.isOfThisRun && range.contains($0.number) })
        var entries: [Entry] = []
        var next = range.lowerBound
        for record in records {
            append(record, after: next - 1, to: &entries)
            next = record.number + 1
        }
        if next <= range.upperBound {
            let missing = range.upperBound - next + 1
            entries.append(Entry(instance: instance, time: records.last?.time ?? 0, content: .missing(missing)))
        }
        return entries
    }

    /// Appends the records of one instance; those of this run only up to what the memory begins with.
    private static func append(_ records: [LogRecord], to entries: inout [Entry], before first: Int?) {
        var last: Int?
        for record in records where !record.isOfThisRun {
            append(record, after: last, to: &entries)
            last = record.number
        }
        last = nil
        for record in ordered(records.filter { $0.isOfThisRun && $0.number < first ?? .max }) {
            append(record, after: last, to: &entries)
            last = record.number
        }
        if let first, let last, first > last + 1, let time = entries.last?.time {
            let missing = first - last - 1
            entries.append(Entry(instance: records[0].instance, time: time, content: .missing(missing)))
        }
    }

    private static func append(_ record: LogRecord, after last: Int?, to entries: inout [Entry]) {
        if let last, record.number > last + 1 {
            let missing = record.number - last - 1
            entries.append(Entry(instance: record.instance, time: record.time, content: .missing(missing)))
        }
        entries.append(Entry(instance: record.instance, time: record.time, content: .line(record.text)))
    }

    /// In the order of their numbers, each once.
    private static func ordered(_ records: [LogRecord]) -> [LogRecord] {
        var last = 0
        return records.sorted { $0.number < $1.number }.filter { record in
            defer { last = record.number }
            return record.number != last
        }
    }
}
