/// Names one instance; never used twice by one data directory.
public struct InstanceID: Sendable, Hashable, CustomStringConvertible {
    /// The text, of letters, digits and `-`: it goes into environments, labels and file names.
    public let rawValue: String

    /// Takes the text of an id.
    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// The text.
    public var description: String { rawValue }
}
