import Foundation
import LeverTesting

/// The package's own files.
enum Package {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The paths of all files in a folder whose names end so, in their order; what was built is left out.
    static func files(in folder: String, ending: String) throws -> [String] {
        guard let all = FileManager.default.enumerator(atPath: root.appending(path: folder).path()) else {
            throw TestFailure("there is no folder \(folder) in \(root.path())")
        }
        return all.compactMap { $0 as? String }.filter { $0.hasSuffix(ending) && !$0.contains(".build/") }
            .map { "\(folder)/\($0)" }.sorted()
    }

    /// What a file holds.
    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
