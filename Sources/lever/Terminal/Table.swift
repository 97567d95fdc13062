/// A table of texts: a line of titles, then the rows, columns apart by two spaces.
struct Table {
    /// A column.
    struct Column {
        var title: String
        /// Whether its texts stand at its right edge, as numbers do.
        var isNumber = false

        static func text(_ title: String) -> Column { Column(title: title) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    private let columns: [Column]
    private let rows: [[String]]

    /// Each row has one text for each column.
    init(_ columns: [Column], _ rows: [[String]]) {
        self.columns = columns
        self.rows = rows.map { $0.map(Self.printable) }
    }

    /// The table's lines, each cut where it is longer than `width`.
    func text(width: Int? = nil) -> String {
        let all = [columns.map(\.title)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for (index, text) in row.enumerated() {
                let space = String(repeating: " ", count: widths[index] - text.count)
                line += columns[index].isNumber ? space + text : text + space
                if index < row.count - 1 { line += "  " }
            }
            while line.last == " " { line.removeLast() }
            guard let width, line.count > width, width > 1 else { return line }
            return line.prefix(width - 1) + "…"
        }.joined(separator: "\n")
    }

    /// A text on one line, without what would move the cursor.
    static func printable(_ text: String) -> String {
        String(
            text.unicodeScalars.map { scalar in
                scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : Character(scalar)
            })
    }
}
