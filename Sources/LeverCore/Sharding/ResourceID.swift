/// Names one resource of a service: an arbitrary text that sticks to one instance.
///
/// Two names are the same only when their bytes are: an instance sees bytes, so `é` written in two ways is two resources
/// (`String` alone would call them equal).
public struct ResourceID: Sendable, Comparable, CustomStringConvertible {
    /// The name as it stands in the URL.
    public let rawValue: String

    /// The resource with this name.
    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// The name.
    public var description: String { rawValue }

    /// The name as messages show it, cut where it is long.
    var quoted: String {
        rawValue.utf8.count <= 64 ? "\"\(rawValue)\"" : "\"\(rawValue.prefix(64))…\""
    }

    /// Orders byte by byte.
    public static func < (left: Self, right: Self) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }
}

extension ResourceID: NameOfBytes {}
