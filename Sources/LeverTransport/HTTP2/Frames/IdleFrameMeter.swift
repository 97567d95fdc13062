import NIOCore

/// Counts frames that cost work and bring nothing (PING, SETTINGS, empty DATA, early resets …), so that a peer cannot keep
/// this side busy with them: the count runs over windows of ten seconds.
struct IdleFrameMeter {
    private static let window = TimeAmount.seconds(10)

    private let maximum: Int
    private var count = 0
    private var windowEnd = NIODeadline.uptimeNanoseconds(0)

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// Counts one frame; `false` where there were too many.
    mutating func count(at now: @autoclosure () -> NIODeadline) -> Bool {
        count += 1
        guard count > maximum else { return true }
        // Only now is it worth reading the clock: the maximum is reached, the question is how fast.
        let now = now()
        guard now < windowEnd else {
            windowEnd = now + Self.window
            count = 1
            return true
        }
        return false
    }
}
