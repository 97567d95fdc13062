/// The bounds of the data path.
package struct RouterConfiguration: Sendable {
    /// The deadline of unary calls that bring none.
    package var defaultDeadline: Duration = .seconds(60)
    /// The longest deadline; later ones are brought forward to it.
    package var maximumDeadline: Duration = .seconds(24 * 3600)
    /// Bytes of a call's request that are kept until its response begins, so that a call which certainly was not begun can
    /// be tried at another instance.
    package var retryBytes = 64 * 1024
    /// How many instances a call is tried at in all.
    package var attempts = 3
    /// How deep calls made on behalf of calls may be nested.
    package var maximumDepth = 32
    /// How long what a caller still sends after its call has ended is tolerated and dropped.
    package var lateDataTimeout: Duration = .seconds(10)
    /// The queue of calls that wait for an instance.
    package var waiting = WaitingRoom.Configuration()

    package init() {}
}
