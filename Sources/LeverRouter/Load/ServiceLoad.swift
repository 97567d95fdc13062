/// How much was asked of a service since it was last looked at, on all event loops together: the router's part of a
/// `ScalingSample`. Calls that end in this process are not counted.
package struct ServiceLoad: Sendable, Equatable {
    /// The time that the means and counts are of; zero where nothing was counted.
    package var interval: Duration = .zero
    /// The time-weighted mean of calls in progress: all but channels, from their head to their end, with those that wait.
    package var calls = 0.0
    /// The time-weighted mean of open channels, from their head to their end.
    package var channels = 0.0
    /// Calls, all but channels, that began.
    package var begun = 0
    /// Calls, all but channels, that ended, however they did.
    package var completed = 0
    /// How long those that ended took, all together, the wait for an instance included.
    package var completedTime: Duration = .zero

    package init() {}

    /// Puts together what the loops have counted. All were asked at about the same time; one that saw its first call late
    /// counted nothing before, so all are of the longest interval.
    init(merging parts: [LoadCounter.Taken]) {
        let nanoseconds = parts.map(\.interval).max() ?? 0
        interval = .nanoseconds(nanoseconds)
        for part in parts {
            calls += nanoseconds > 0 ? part.callTime / Double(nanoseconds) : Double(part.calls)
            channels += nanoseconds > 0 ? part.channelTime / Double(nanoseconds) : Double(part.channels)
            begun += part.begun
            completed += part.completed
            completedTime += .nanoseconds(part.completedTime)
        }
    }
}
