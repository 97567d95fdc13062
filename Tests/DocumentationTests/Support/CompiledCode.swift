import Foundation

/// Code that the tests, the examples and the library are built from: what a page shows has to stand in it.
///
/// A block is cut at its empty lines; all its pieces have to stand in one file. Space does not count, nor does `@main`, of which a
/// module can have only one. `…` stands for code that the page leaves out. Imports may stand anywhere in the file.
struct CompiledCode: Sendable {
    private struct File: Sendable {
        var path: String
        var text: String
    }

    private let files: [File]

    /// Reads all that is compiled.
    init() throws {
        let paths =
            try Package.files(in: "Tests/DocumentationTests/Samples", ending: ".swift")
            + Package.files(in: "Examples", ending: ".swift") + Package.files(in: "Sources", ending: ".swift")
        files = try paths.map { File(path: $0, text: Self.normalized(try Package.text(of: $0))) }
    }

    /// Code to try the search on.
    init(_ texts: [String]) {
        files = texts.map { File(path: "", text: Self.normalized($0)) }
    }

    /// The file that a block is taken from.
    func file(of block: String) -> String? {
        let pieces = Self.pieces(of: block)
        return files.first { file in pieces.allSatisfy { Self.contains(file.text, $0) } }?.path
    }

    /// The first piece that no file holds, to say what is missing; `nil` where each stands somewhere.
    func missing(of block: String) -> String? {
        Self.pieces(of: block).first { piece in !files.contains { Self.contains($0.text, piece) } }
    }

    private static func pieces(of block: String) -> [String] {
        let lines = block.components(separatedBy: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
        let isImport = { (line: String) in line.hasPrefix("import ") }
        let rest = lines.map { isImport($0) ? "" : $0 }.split(separator: "")
        return lines.filter(isImport) + rest.map { normalized($0.joined(separator: "\n")) }
    }

    /// With single spaces between the words, and around them.
    private static func normalized(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).filter { $0 != "@main" }
        return " " + words.joined(separator: " ") + " "
    }

    private static func contains(_ text: String, _ piece: String) -> Bool {
        let parts = normalized(piece).components(separatedBy: "…")
        var start = text.startIndex
        while let first = text.range(of: parts[0], range: start..<text.endIndex) {
            var end = first.upperBound
            let hasAll = parts.dropFirst().allSatisfy { part in
                // The space before what is left out may be the one after it.
                let from = text[text.index(before: end)] == " " ? text.index(before: end) : end
                guard let found = text.range(of: part, range: from..<text.endIndex) else { return false }
                end = found.upperBound
                return true
            }
            if hasAll { return true }
            start = text.index(after: first.lowerBound)
        }
        return false
    }
}
