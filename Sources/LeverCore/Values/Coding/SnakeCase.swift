/// Names in camel case and in snake case.
enum SnakeCase {
    /// `createdAt` → `created_at`, `myURLPath` → `my_url_path`; underscores at either end stay.
    static func encoded(_ name: String) -> String {
        let letters = Array(name)
        var result = ""
        for (index, letter) in letters.enumerated() {
            let isFirst = index == 0 || letters[index - 1] == "_"
            if letter.isUppercase, !isFirst {
                let startsWord = !letters[index - 1].isUppercase
                let endsAcronym = index + 1 < letters.count && letters[index + 1].isLowercase
                if startsWord || endsAcronym { result.append("_") }
            }
            result.append(contentsOf: letter.lowercased())
        }
        return result
    }

    /// `created_at` → `createdAt`; underscores at either end stay.
    static func decoded(_ name: String) -> String {
        let leading = name.prefix { $0 == "_" }
        guard leading.count < name.count else { return name }
        let trailing = name.reversed().prefix { $0 == "_" }
        let middle = name.dropFirst(leading.count).dropLast(trailing.count)
        guard middle.contains("_") else { return name }
        var words = middle.split(separator: "_")
        let first = words.removeFirst().lowercased()
        let rest = words.map { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
        return leading + first + rest.joined() + String(trailing)
    }
}
