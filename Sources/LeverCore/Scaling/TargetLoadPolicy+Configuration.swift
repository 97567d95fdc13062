extension TargetLoadPolicy {
    /// What the policy is tuned with. The defaults come from the simulator (`benchmark-scaling`).
    public struct Configuration: Sendable, Hashable {
        /// The time over which load is averaged before it adds instances.
        public var panicWindow: Duration = .seconds(2)
        /// How many standard deviations above the panic window's mean the instances must carry.
        public var panicMargin = 0.8
        /// The time over which load is averaged before instances leave.
        public var stableWindow: Duration = .seconds(8)
        /// How many standard deviations above the stable window's mean those that stay must carry.
        public var stableMargin = 2.0
        /// The share of its load to which an instance that stays is filled: what keeps a load on the edge between two counts
        /// from going to and fro.
        public var stableShare = 0.95
        /// How long the load must have been low before instances leave.
        public var quietTime: Duration = .seconds(15)
        /// What the quiet time grows to while instances that left are wanted again soon.
        public var maxQuietTime: Duration = .seconds(120)
        /// How long nothing must have been asked of the service before its last instance leaves.
        public var idleTime: Duration = .seconds(60)
        /// What the idle time grows to while calls come soon after the last instance has left.
        public var maxIdleTime: Duration = .seconds(300)
        /// How much of a start time a steady growth is extrapolated over; 0 leaves growth out.
        public var growthLead = 1.5
        /// The most instances that start at the same time.
        public var maxStarting = 10

        /// The defaults.
        public init() {}

        /// Checks that the values make sense.
        ///
        /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidInput`` that names the first value which does not.
        public func validate() throws(RuntimeError) {
            let times = [
                ("panicWindow", panicWindow), ("stableWindow", stableWindow), ("quietTime", quietTime),
                ("idleTime", idleTime),
            ]
            for (name, time) in times where time <= .zero {
                throw RuntimeError(.invalidInput, "\(name) must be more than zero, not \(time)")
            }
            guard maxQuietTime >= quietTime else {
                throw RuntimeError(
                    .invalidInput, "maxQuietTime must be at least quietTime, which is \(quietTime), not \(maxQuietTime)"
                )
            }
            guard maxIdleTime >= idleTime else {
                throw RuntimeError(
                    .invalidInput, "maxIdleTime must be at least idleTime, which is \(idleTime), not \(maxIdleTime)")
            }
            for (name, value) in [
                ("panicMargin", panicMargin), ("stableMargin", stableMargin), ("growthLead", growthLead),
            ] where !(value >= 0 && value.isFinite) {
                throw RuntimeError(.invalidInput, "\(name) must be 0 or more, not \(value)")
            }
            guard stableShare > 0, stableShare <= 1 else {
                throw RuntimeError(.invalidInput, "stableShare must be more than 0 and up to 1, not \(stableShare)")
            }
            guard maxStarting > 0 else {
                throw RuntimeError(.invalidInput, "maxStarting must be at least 1, not \(maxStarting)")
            }
        }
    }
}
