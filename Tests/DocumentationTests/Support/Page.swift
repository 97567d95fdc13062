import Foundation
import Testing

/// A page of the documentation, with its samples in Swift.
struct Page: Sendable, CustomTestStringConvertible {
    /// A block of Swift.
    struct Block: Sendable {
        /// The line in the page on which it begins.
        var line: Int
        var text: String
    }

    /// Its path within the package.
    let path: String
    let blocks: [Block]

    var testDescription: String { path }

    init(_ path: String, _ text: String) {
        self.path = path
        var blocks: [Block] = []
        var open: Block?
        for (index, line) in text.components(separatedBy: "\n").enumerated() {
            if open == nil {
                if line == "```swift" { open = Block(line: index + 2, text: "") }
            } else if line.hasPrefix("```") {
                blocks.append(open!)
                open = nil
            } else {
                open!.text += line + "\n"
            }
        }
        self.blocks = blocks
    }

    /// The pages with samples: the README, `docs`, and the catalogues of the modules.
    static func all() throws -> [Page] {
        var paths = ["README.md"]
        paths += try Package.files(in: "docs", ending: ".md")
        paths += try Package.files(in: "Sources", ending: ".md")
        return try paths.map { Page($0, try Package.text(of: $0)) }.filter { !$0.blocks.isEmpty }
    }
}
