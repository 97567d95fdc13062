/// Why a text is not JSON.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in words.
    public var message: String
    /// Where, in bytes from the start of the text.
    public var offset: Int
    /// The line, counted from 1.
    public var line: Int
    /// The byte within the line, counted from 1.
    public var column: Int

    /// The message with the place.
    public var description: String { "\(message) at line \(line), column \(column)" }
}
