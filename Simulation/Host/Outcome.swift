/// What a run came to.
package struct Outcome: Sendable {
    /// What was wrong; `nil` where all guarantees held.
    package let fault: String?
    /// How many steps it was.
    package let steps: Int
    /// How long it was in the virtual time.
    package let time: Duration
    /// How often what happened.
    package let counts: [String: Int]
    /// The most instances that there were at one moment.
    package let mostInstances: Int
    /// The last steps before the fault, one a line.
    package let trail: [String]
}
