/// The patterns of a `.leverignore`, with the meaning that they have in a `.gitignore`: the last one that matches a path
/// decides, `!` takes a path back in, `/` at the start or within anchors a pattern to the directory's root, `/` at the end
/// limits it to directories, `**` stands for any number of directories, `*`, `?` and `[…]` stay within one name.
struct IgnoreRules: Sendable {
    private struct Rule: Sendable {
        var isNegated = false
        var isForDirectories = false
        /// The names to match one after the other.
        var names: [NamePattern] = []
    }

    /// What one segment of a pattern matches.
    private enum NamePattern: Sendable {
        /// `**`: any number of names.
        case anyNames
        case glob(GlobPattern)
    }

    private let rules: [Rule]

    /// Reads the lines of a `.leverignore`.
    init(_ text: String = "") {
        rules = text.split(omittingEmptySubsequences: true) { $0.isNewline }.compactMap { Self.rule($0) }
    }

    /// Whether a path is left out. Whoever asks does not descend into directories that are.
    ///
    /// - Parameters:
    ///   - path: Relative to the root, names joined by `/`.
    ///   - isDirectory: Whether it is a directory.
    func ignore(_ path: String, isDirectory: Bool) -> Bool {
        guard !rules.isEmpty else { return false }
        let names = path.split(separator: "/").map { Array($0.unicodeScalars) }
        for rule in rules.reversed() where isDirectory || !rule.isForDirectories {
            if Self.match(rule.names, names) { return !rule.isNegated }
        }
        return false
    }

    private static func rule(_ line: Substring) -> Rule? {
        var text = withoutTrailingSpace(line)
        guard let first = text.first, first != "#" else { return nil }
        var rule = Rule()
        if first == "!" {
            rule.isNegated = true
            text = text.dropFirst()
        }
        if text.last == "/" {
            rule.isForDirectories = true
            text = text.dropLast()
        }
        guard !text.isEmpty else { return nil }
        let isAnchored = text.contains("/")
        if text.first == "/" { text = text.dropFirst() }
        let segments = text.split(separator: "/", omittingEmptySubsequences: true)
        guard !segments.isEmpty else { return nil }
        if !isAnchored { rule.names.append(.anyNames) }
        for segment in segments { rule.names.append(segment == "**" ? .anyNames : .glob(GlobPattern(segment))) }
        return rule
    }

    /// Without the spaces at the end, apart from one that a backslash keeps.
    private static func withoutTrailingSpace(_ line: Substring) -> Substring {
        var text = line
        while text.last == " " || text.last == "\t" {
            let rest = text.dropLast()
            let backslashes = rest.reversed().prefix { $0 == "\\" }.count
            if backslashes % 2 == 1 { break }
            text = rest
        }
        return text
    }

    /// Matches names from left to right; on a mismatch the last `**` takes one name more, which is enough, since whatever an
    /// earlier one could take the last one can take as well.
    private static func match(_ patterns: [NamePattern], _ names: [[Unicode.Scalar]]) -> Bool {
        // What ends in `/**` is everything below, not the directory itself.
        if case .anyNames? = patterns.last {
            let globs = patterns.count { if case .glob = $0 { true } else { false } }
            if names.count <= globs { return false }
        }
        var pattern = 0
        var name = 0
        var retry: (pattern: Int, name: Int)?
        while name < names.count {
            if pattern < patterns.count, case .anyNames = patterns[pattern] {
                retry = (pattern, name)
                pattern += 1
            } else if pattern < patterns.count, case .glob(let glob) = patterns[pattern], glob.match(names[name]) {
                pattern += 1
                name += 1
            } else if let last = retry {
                retry = (last.pattern, last.name + 1)
                pattern = last.pattern + 1
                name = last.name + 1
            } else {
                return false
            }
        }
        return patterns[pattern...].allSatisfy { if case .anyNames = $0 { true } else { false } }
    }
}
