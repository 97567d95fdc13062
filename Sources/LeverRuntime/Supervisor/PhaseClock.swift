import LeverCore

/// Measures the parts of an instance's start, one after the other.
struct PhaseClock: Sendable {
    private var phases: [StartPhase] = []
    private var last = ContinuousClock.now

    /// Lets what has passed belong to no phase.
    mutating func skip() {
        last = .now
    }

    /// Ends a phase that began with the end of the one before.
    mutating func end(_ name: String) {
        let now = ContinuousClock.now
        phases.append(StartPhase(name, now - last))
        last = now
    }

    /// The phases; those of a driver that tells its own apart stand for its part of them, the first one.
    func phases(_ driver: [StartPhase]) -> [StartPhase] {
        driver.isEmpty ? phases : driver + phases.dropFirst()
    }
}
