/// How far apart two names are, for telling typing mistakes.
package enum EditDistance {
    /// The name that another one was probably meant to be: it differs by at most a third of its letters, and none differs by
    /// less; `nil` where there is none. Of several the first in the alphabet.
    package static func nearest(to name: String, among names: some Sequence<String>) -> String? {
        guard name.utf8.count <= 32 else { return nil }
        let best = names.lazy.filter { $0.utf8.count <= 64 }.map { ($0, between(name, $0)) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (found, distance) = best, distance <= max(1, found.utf8.count / 3) else { return nil }
        return found
    }

    /// The number of letters to insert, remove, replace or swap with their neighbour that makes one name of the other; the case
    /// of letters and the separators `-` and `_` do not count (optimal string alignment: Damerau 1964, Levenshtein 1966).
    package static func between(_ left: String, _ right: String) -> Int {
        let left = folded(left)
        let right = folded(right)
        var rows = [Array(0...right.count)]
        for row in 1..<(left.count + 1) {
            var current = [row] + [Int](repeating: 0, count: right.count)
            for column in 1..<(right.count + 1) {
                let isSame = left[row - 1] == right[column - 1]
                var best = min(
                    rows[row - 1][column] + 1, current[column - 1] + 1, rows[row - 1][column - 1] + (isSame ? 0 : 1))
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    best = min(best, rows[row - 2][column - 2] + 1)
                }
                current[column] = best
            }
            rows.append(current)
        }
        return rows[left.count][right.count]
    }

    private static func folded(_ name: String) -> [Character] {
        Array(name.lowercased()).filter { $0 != "-" && $0 != "_" }
    }
}
