/// The bounds within which bytes or text become values.
public struct ValueLimits: Sendable, Hashable {
    /// How deep arrays and objects may be nested.
    public var maximumDepth: Int
    /// How many elements and properties one message may hold in all.
    public var maximumElements: Int
    /// The longest message, in bytes.
    public var maximumLength: Int

    /// Makes bounds; what is left out has its default.
    public init(maximumDepth: Int = 128, maximumElements: Int = 1_000_000, maximumLength: Int = 64 * 1024 * 1024) {
        self.maximumDepth = maximumDepth
        self.maximumElements = maximumElements
        self.maximumLength = maximumLength
    }

    /// 128 levels, a million elements, 64 MiB.
    public static let defaults = ValueLimits()
}
