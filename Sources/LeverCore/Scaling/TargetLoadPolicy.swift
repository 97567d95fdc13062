/// The default policy: as many instances as carry the load when each is filled to its `maxInstanceLoad`.
///
/// Two windows look at the load, an idea of Knative's autoscaler, but both are short here. The *panic window* adds instances at
/// once: its mean, what the load will have grown by when an instance has started, and a margin for noise. The margin goes with
/// the standard deviation, so it is a smaller part of a large load (square-root staffing; Halfin and Whitt, "Heavy-Traffic
/// Limits for Queues with Many Exponential Servers", 1981). The *stable window* lets instances go that its highest figure in
/// the last *quiet time* did not need. Where those are wanted again soon, the quiet time doubles, so that a load which comes
/// and goes keeps its instances; where they are not, it halves again (adapting how long to keep what is idle to what it costs
/// to be without follows Shahrad et al., "Serverless in the Wild", USENIX ATC 2020).
public struct TargetLoadPolicy: ScalingPolicy {
    /// What it is tuned with.
    public let configuration: Configuration
    /// How long the load must be low at this time before instances leave.
    public var quietTime: Duration { quiet.current }
    /// How long nothing must be asked at this time before the last instance leaves.
    public var idleTime: Duration { idle.current }

    private var quiet: AdaptiveDelay
    private var idle: AdaptiveDelay
    private var panic: LoadWindow
    private var stable: LoadWindow
    /// What the stable window asked for, as load.
    private var asked: LoadWindow
    private var trend = LoadTrend()
    private var noise = LoadNoise()
    private var idleSince: ContinuousClock.Instant?

    /// Makes the policy of one service.
    public init(configuration: Configuration = .init()) {
        self.configuration = configuration
        quiet = AdaptiveDelay(least: configuration.quietTime, most: configuration.maxQuietTime)
        idle = AdaptiveDelay(least: configuration.idleTime, most: configuration.maxIdleTime)
        panic = LoadWindow(configuration.panicWindow, panes: 4)
        stable = LoadWindow(configuration.stableWindow, panes: 8)
        asked = LoadWindow(configuration.maxQuietTime, panes: 60)
    }

    /// Decides by the two windows, as the type says.
    public mutating func decide(_ sample: ScalingSample) -> ScalingDirective {
        measure(sample)
        let bounds = sample.bounds
        let current = sample.ready + sample.starting
        guard isAwake(sample) else {
            let kept = bounds.clamped(0)
            if kept > current { return scaleUp(to: kept, 0, sample) }
            guard kept < current else { return ScalingDirective(desired: kept, reason: "idle") }
            let reason = "idle for \(idleTime)"
            idle.left(at: sample.at)
            return ScalingDirective(desired: kept, reason: reason)
        }

        let need = expectedLoad(sample) + configuration.panicMargin * noise.deviation
        let wanted = bounds.clamped(max(1, bounds.instances(for: need)))
        if wanted > current { return scaleUp(to: wanted, need, sample) }

        let kept = asked.peak(over: quietTime)
        let held = max(wanted, bounds.clamped(bounds.instances(for: kept, share: configuration.stableShare)))
        if held < current {
            let target = shown(bounds.maxInstanceLoad)
            let reason = "load at most \(shown(kept)) for \(quietTime) needs \(held) of \(target)"
            quiet.left(at: sample.at)
            return ScalingDirective(desired: held, reason: reason)
        }
        return ScalingDirective(desired: bounds.clamped(current), reason: "enough for the load")
    }

    private mutating func measure(_ sample: ScalingSample) {
        let load = sample.load
        panic.add(load, for: sample.interval, until: sample.at)
        stable.add(load, for: sample.interval, until: sample.at)
        trend.add(load, for: sample.interval, until: sample.at)
        noise.add(load, for: sample.interval)
        // What a growing load will be counts too, or the instance that was started for it would leave as too many.
        let kept = stable.mean + configuration.stableMargin * noise.deviation
        asked.add(
            trend.growth > 0 ? max(kept, expectedLoad(sample)) : kept, for: sample.interval, until: sample.at)
        if sample.isIdle {
            idleSince = idleSince ?? sample.at - max(.zero, sample.interval)
        } else {
            idleSince = nil
        }
    }

    /// The load that will be there when an instance that starts now is ready.
    private func expectedLoad(_ sample: ScalingSample) -> Double {
        let start = sample.startTime ?? .seconds(1)
        // The mean of a window is the load of half a window ago.
        let ahead = (start + configuration.panicWindow / 2).inSeconds * configuration.growthLead
        return panic.mean + trend.growth * ahead
    }

    /// Whether anything was asked of the service lately; where none of it runs, whether anything is asked now. The margin for
    /// noise, which fades slowly, keeps no instance without it.
    private func isAwake(_ sample: ScalingSample) -> Bool {
        guard let idleSince else { return true }
        return sample.ready + sample.starting > 0 && sample.at - idleSince < idleTime
    }

    // MARK: Directives

    private mutating func scaleUp(to wanted: Int, _ need: Double, _ sample: ScalingSample) -> ScalingDirective {
        let current = sample.ready + sample.starting
        if current == 0 { idle.wanted(at: sample.at) } else { quiet.wanted(at: sample.at) }
        let returning = sample.instances.count { $0.state == .draining && $0.mayReturn }
        let more = min(wanted - current, returning + max(0, configuration.maxStarting - sample.starting))
        var reason = "load \(shown(need)) needs \(wanted) of \(shown(sample.bounds.maxInstanceLoad))"
        if wanted > max(1, sample.bounds.instances(for: need)) {
            reason = "minInstances is \(wanted)"
        } else if need <= 0 {
            reason = sample.bounds.minInstances > 0 ? "minInstances is \(wanted)" : "a call waits"
        } else if wanted == sample.bounds.maxInstances {
            reason += ", the most allowed"
        }
        if more < wanted - current { reason += "; at most \(configuration.maxStarting) start at a time" }
        return ScalingDirective(desired: current + more, reason: reason)
    }

    private func shown(_ load: Double) -> String {
        // Whole where it is large, so that a number never has an exponent.
        load < 1000 ? "\((load * 10).rounded() / 10)" : "\(Int(min(load, 1e15)))"
    }
}
