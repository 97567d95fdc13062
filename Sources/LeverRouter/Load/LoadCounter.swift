import LeverCore
import NIOCore

/// Counts one service's calls on one event loop. The means are those of `LoadMeter`; this one reckons in whole nanoseconds
/// of the loop's own clock, which each call reads anyway, since it is on the path of every call.
struct LoadCounter {
    /// What was counted since it was last asked.
    struct Taken: Sendable {
        var interval: Int64 = 0
        /// Calls and channels, each multiplied by the nanoseconds that they were there.
        var callTime = 0.0
        var channelTime = 0.0
        /// What there is at this moment.
        var calls = 0
        var channels = 0
        var begun = 0
        var completed = 0
        var completedTime: Int64 = 0
    }

    private var counted = Taken()
    private var changed: Int64
    private var started: Int64

    init(at now: NIODeadline) {
        changed = Self.nanoseconds(now)
        started = changed
    }

    mutating func began(isChannel: Bool, at now: NIODeadline) {
        pass(Self.nanoseconds(now))
        if isChannel {
            counted.channels += 1
        } else {
            counted.calls += 1
            counted.begun += 1
        }
    }

    mutating func ended(isChannel: Bool, begun: NIODeadline, at now: NIODeadline) {
        let now = Self.nanoseconds(now)
        pass(now)
        if isChannel {
            counted.channels -= 1
        } else {
            counted.calls -= 1
            counted.completed += 1
            counted.completedTime += max(0, now - Self.nanoseconds(begun))
        }
    }

    /// What was counted since the last time, and begins anew.
    mutating func take(at now: NIODeadline) -> Taken {
        let now = Self.nanoseconds(now)
        pass(now)
        counted.interval = max(0, now - started)
        started = max(now, started)
        defer { counted = Taken(calls: counted.calls, channels: counted.channels) }
        return counted
    }

    @inline(__always)
    private mutating func pass(_ now: Int64) {
        guard now > changed else { return }
        let time = Double(now - changed)
        counted.callTime += Double(counted.calls) * time
        counted.channelTime += Double(counted.channels) * time
        changed = now
    }

    private static func nanoseconds(_ time: NIODeadline) -> Int64 { Int64(bitPattern: time.uptimeNanoseconds) }
}
