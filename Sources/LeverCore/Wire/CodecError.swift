/// Why bytes could not be decoded, or a value not be encoded.
public struct CodecError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong, in words.
    public var message: String
    /// Where, counted in bytes from the start of the message.
    public var offset: Int

    /// Makes an error.
    public init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    /// The message with the offset.
    public var description: String { "\(message) at byte \(offset)" }
}
