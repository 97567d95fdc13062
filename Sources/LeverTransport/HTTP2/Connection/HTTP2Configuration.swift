/// The bounds of one HTTP/2 connection.
package struct HTTP2Configuration: Sendable {
    /// Streams that the peer may have open at once; what comes on top is reset with REFUSED_STREAM. High by default, since
    /// old clients put everything on one connection and do not honour the limit.
    package var maximumConcurrentStreams = 100_000
    /// Credit of a new stream, in bytes; never below 65,535, which old clients assume.
    package var streamWindow = 256 * 1024
    /// Credit of the connection, in bytes.
    package var connectionWindow = 4 * 1024 * 1024
    /// The largest frame that the peer may send, in bytes: 2¹⁴ to 2²⁴ − 1.
    package var maximumFrameSize = 16 * 1024
    /// The largest header block, in bytes as RFC 9113 counts them (32 for each field).
    package var maximumHeaderListSize = 64 * 1024
    /// Dynamic table that the peer's encoder may use, in bytes.
    package var headerTableSize = 4096
    /// How long the peer may take to acknowledge SETTINGS.
    package var settingsTimeout: Duration = .seconds(20)
    /// How long the peer may take to take the last bytes, and to close its half, when this side has closed.
    package var closeTimeout: Duration = .seconds(5)
    /// How long a peer may take to hear that this side drains, before streams that it opens are refused.
    package var drainNoticeTimeout: Duration = .seconds(5)
    /// Frames without effect (PING, SETTINGS, empty DATA, PRIORITY, resets of young streams) that a peer may send within
    /// ten seconds; more end the connection with ENHANCE_YOUR_CALM.
    package var maximumIdleFrames = 10_000
    /// What the host may hold in all, shared by its connections; `nil` where nothing is counted.
    package var budget: BufferBudget?
    /// Whether new streams of the peer are refused while the budget is used up; not where they come from calls in progress,
    /// which could not end without them.
    package var refusesOverBudget = true
    /// The number of the first stream that a client opens, odd; another than 1 only where the end of the numbers is tried.
    package var firstStream: UInt32 = 1

    package init() {}

    package static let defaults = HTTP2Configuration()
}
