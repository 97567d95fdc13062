import LeverCore

/// One upload of a service, with its manifest and its habits.
final class SimulatedVersion {
    /// What happens when it is started.
    enum Habit: CaseIterable {
        case good
        /// It takes long to start, sometimes too long.
        case slow
        /// It exits before it answers.
        case exits
        /// It never answers.
        case hangs
        /// It says that it will not answer, and stays.
        case refuses
    }

    let number: Int
    let candidate: ServiceController.Candidate
    let bounds: ScalingBounds
    /// Whether an instance listens on the one port, where it may.
    let holdsPort: Bool
    var habit: Habit

    init(
        number: Int, candidate: ServiceController.Candidate, bounds: ScalingBounds, holdsPort: Bool, habit: Habit
    ) {
        self.number = number
        self.candidate = candidate
        self.bounds = bounds
        self.holdsPort = holdsPort
        self.habit = habit
    }
}
