package import LeverCore

/// A policy with what a table calls it and how often its system asks it.
package protocol SimulatedPolicy: ScalingPolicy {
    /// Its name in the table.
    var name: String { get }
    /// The seconds from one decision to the next; all are asked at once too when a call finds no instance.
    var interval: Double { get }
}

/// The policy of this project, as it comes.
package struct DefaultPolicy: SimulatedPolicy {
    package let name: String
    package let interval: Double
    private var policy: TargetLoadPolicy

    package init(
        name: String = "lever", interval: Double = 1, _ configuration: TargetLoadPolicy.Configuration = .init()
    ) {
        self.name = name
        self.interval = interval
        policy = TargetLoadPolicy(configuration: configuration)
    }

    package mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        policy.decide(sample)
    }
}
