/// An object's properties in the order in which they were written; keys are unique.
public struct LeverObject: Sendable, Hashable {
    public init() {}
}
