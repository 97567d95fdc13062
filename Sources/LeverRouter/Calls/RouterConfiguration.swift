/// The bounds of the data path.
package struct RouterConfiguration: Sendable {
    /// The deadline of unary calls that bring none.
    package var defaultDeadline: Duration = .seconds(60)
    /// The longest deadline; later ones are brought forward to it.
    package var maximumDeadline: Duration = .seconds(24 * 3600)
    /// Bytes of a call's request that are kept until its response begins, so that a call which certainly was not begun can
    /// be tried again.
    package var retryBytes = 64 * 1024
    /// How often a call may be refused by instances that were reached, before it fails. Instances that could not be reached
    /// do not count: when there is no other, the call waits.
    package var attempts = 3
    /// The part of a repetition that each call adds to an event loop's budget for repeating refused calls: with 0.1,
    /// repetitions add at most a tenth to the calls that instances get. 0 leaves the burst alone.
    package var retryRatio = 0.1
    /// The most repetitions that the budget of one event loop holds, and what it begins with. Where it is used up, a refused
    /// call fails with what it was refused with. 0 repeats no call that an instance refused.
    package var retryBurst = 100
    /// The first pause of a call that could reach none of its instances; it doubles each time.
    package var firstRetryPause: Duration = .milliseconds(10)
    /// The longest such pause.
    package var longestRetryPause: Duration = .milliseconds(250)
    /// How deep calls made on behalf of calls may be nested.
    package var maximumDepth = 32
    /// How long what a caller still sends after it has got its whole answer is tolerated and dropped.
    package var lateDataTimeout: Duration = .seconds(10)
    /// The queue of calls that wait for an instance.
    package var waiting = WaitingRoom.Configuration()

    package init() {}
}
