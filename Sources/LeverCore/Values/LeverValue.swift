/// A value as methods take and return it: JSON's types, with the order of an object's keys kept.
public enum LeverValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([LeverValue])
    case object(LeverObject)
}
