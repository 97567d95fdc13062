/// The format of the header `grpc-timeout`: 1 to 8 digits and a unit.
package enum GRPCTimeout {
    /// The time that a header's value stands for; `nil` where it is malformed.
    package static func parse(_ text: some StringProtocol) -> Duration? {
        let digits = text.utf8.dropLast()
        guard let unit = text.utf8.suffix(1).first, (1...8).contains(digits.count) else { return nil }
        var number: Int64 = 0
        for byte in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        switch unit {
        case UInt8(ascii: "H"): return .seconds(number * 3600)
        case UInt8(ascii: "M"): return .seconds(number * 60)
        case UInt8(ascii: "S"): return .seconds(number)
        case UInt8(ascii: "m"): return .milliseconds(number)
        case UInt8(ascii: "u"): return .microseconds(number)
        case UInt8(ascii: "n"): return .nanoseconds(number)
        default: return nil
        }
    }

    /// A header's value for a time: the finest unit whose number has at most 8 digits, rounded up so that the peer never
    /// stops before this side does. What is not positive becomes one nanosecond.
    package static func format(_ timeout: Duration) -> String {
        let (seconds, attoseconds) = timeout.components
        guard seconds >= 0, attoseconds >= 0, timeout > .zero else { return "1n" }
        let limit: Int64 = 99_999_999
        if seconds < 100 {
            // Within 100 seconds all of these fit into 64 bits.
            let nanoseconds = seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000
            if nanoseconds <= limit { return "\(nanoseconds)n" }
            let microseconds = (nanoseconds + 999) / 1_000
            if microseconds <= limit { return "\(microseconds)u" }
        }
        if seconds < 100_000 {
            let milliseconds = seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
            if milliseconds <= limit { return "\(milliseconds)m" }
        }
        let whole = attoseconds > 0 && seconds < .max ? seconds + 1 : seconds
        if whole <= limit { return "\(whole)S" }
        let minutes = (whole - 1) / 60 + 1
        if minutes <= limit { return "\(minutes)M" }
        return "\(min(limit, (whole - 1) / 3600 + 1))H"
    }
}
