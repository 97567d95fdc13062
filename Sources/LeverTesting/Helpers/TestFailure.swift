/// What a check of this module found to be wrong.
///
/// Checks throw, and record nothing themselves: a test that lets the error through fails with its text, in Swift Testing and in
/// XCTest alike, and programs that are no tests can run the checks as well.
public struct TestFailure: Error, CustomStringConvertible {
    /// What was wrong: what was expected, and what was found.
    public let description: String

    /// Makes a failure of its text.
    public init(_ description: String) {
        self.description = description
    }
}
