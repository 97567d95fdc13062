/// The outcomes of all policies on all loads, as text.
package struct Table {
    private let rows: [[Outcome]]

    /// Takes the outcomes load by load, the policy that is measured first and its peers after it.
    package init(_ rows: [[Outcome]]) {
        self.rows = rows
    }

    /// Lines in Markdown: a row for each load, and what all loads come to with the ratio to the first policy.
    package var markdown: [String] {
        guard let policies = rows.first?.map(\.policy) else { return [] }
        var lines = ["| load | " + policies.joined(separator: " | ") + " | not better than |"]
        lines.append("|---|" + String(repeating: "---|", count: policies.count + 1))
        for row in rows {
            let cells = row.map { outcome in
                "\(outcome.secondsOverTarget) / \(Int(outcome.instanceSeconds.rounded())) / \(outcome.starts) / "
                    + "\(Int((outcome.wait99 * 1000).rounded()))"
            }
            lines.append("| \(row[0].load) | " + cells.joined(separator: " | ") + " | \(Self.notBetter(row)) |")
        }
        let over = policies.indices.map { policy in rows.reduce(0) { $0 + $1[policy].secondsOverTarget } }
        let spent = policies.indices.map { policy in rows.reduce(0) { $0 + $1[policy].instanceSeconds } }
        let starts = policies.indices.map { policy in rows.reduce(0) { $0 + $1[policy].starts } }
        lines.append(
            "| **all** | "
                + policies.indices.map { "\(over[$0]) / \(Int(spent[$0].rounded())) / \(starts[$0])" }
                .joined(separator: " | ") + " | |")
        lines.append(
            "| **first ÷ this** | "
                + policies.indices.map { policy in
                    "\(Self.ratio(Double(over[0]), Double(over[policy]))) / \(Self.ratio(spent[0], spent[policy]))"
                }.joined(separator: " | ") + " | |")
        return lines
    }

    /// Where the first policy has more seconds over target, or more instance-seconds.
    static func notBetter(_ row: [Outcome]) -> String {
        let own = row[0]
        return row.dropFirst().compactMap { peer in
            let worse = [
                own.secondsOverTarget > peer.secondsOverTarget ? "seconds over" : nil,
                own.instanceSeconds > peer.instanceSeconds ? "instance-s" : nil,
            ].compactMap(\.self)
            return worse.isEmpty ? nil : "\(peer.policy): \(worse.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    private static func ratio(_ part: Double, _ whole: Double) -> String {
        whole > 0 ? "\((part / whole * 100).rounded() / 100)" : "–"
    }
}
