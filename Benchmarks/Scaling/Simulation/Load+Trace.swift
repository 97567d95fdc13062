package import LeverCore

extension Load {
    /// Reads a recorded load: a line for each call with its arrival and its duration in seconds, separated by a comma; a third
    /// column that says `channel` makes it a channel. A first line of names, empty lines and lines that start with `#` are passed
    /// over. The times count from the first arrival.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidInput`` that names the line.
    package init(name: String, trace: String) throws(RuntimeError) {
        var calls: [Call] = []
        var isFirst = true
        for (number, line) in trace.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let columns = line.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
            guard let first = columns.first, !first.isEmpty || columns.count > 1, !first.hasPrefix("#") else {
                continue
            }
            defer { isFirst = false }
            if isFirst, Double(first) == nil, columns.count > 1, Double(columns[1]) == nil { continue }
            guard (2...3).contains(columns.count), let at = Double(columns[0]), let duration = Double(columns[1]),
                at.isFinite, duration.isFinite, duration >= 0,
                columns.count == 2 || ["call", "channel"].contains(columns[2])
            else {
                throw RuntimeError(
                    .invalidInput, "\(name), line \(number + 1): \"\(line.prefix(60))\" is no arrival and duration")
            }
            calls.append(Call(at: at, duration: duration, isChannel: columns.count == 3 && columns[2] == "channel"))
        }
        guard let start = calls.map(\.at).min(), let end = calls.map(\.at).max() else {
            throw RuntimeError(.invalidInput, "\(name) holds no calls")
        }
        guard end - start <= 1_000_000 else {
            throw RuntimeError(.invalidInput, "\(name) lasts \(end - start) s; at most 1000000 are allowed")
        }
        for index in calls.indices { calls[index].at -= start }
        self.init(name: name, length: (end - start).rounded(.down) + 1, calls: calls)
    }
}
