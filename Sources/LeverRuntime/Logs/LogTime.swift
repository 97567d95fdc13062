/// Times in files: `2026-11-28T15:20:44.123456Z`, of a fixed length.
///
/// Days are turned into dates and back by Howard Hinnant's algorithms (chrono-Compatible Low-Level Date Algorithms), which need
/// no library and no lock: much is written.
enum LogTime {
    /// Bytes of a time.
    static let length = 27

    private static let microsecondsPerDay = 86_400_000_000
    /// The last microsecond of the year 9999.
    private static let last = 253_402_300_800_000_000 - 1
    private static let zero = UInt8(ascii: "0")

    /// Appends a time, given in seconds since 1970; one outside the years 1970 to 9999 becomes the nearest within.
    static func write(_ time: Double, to buffer: inout [UInt8]) {
        let microseconds = time >= 0 ? (time * 1e6 < Double(last) ? Int(time * 1e6) : last) : 0
        var (days, rest) = microseconds.quotientAndRemainder(dividingBy: microsecondsPerDay)
        days += 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        append(year, 4, "-", to: &buffer)
        append(month, 2, "-", to: &buffer)
        append(dayOfYear - (153 * shifted + 2) / 5 + 1, 2, "T", to: &buffer)
        append(rest / 3_600_000_000, 2, ":", to: &buffer)
        rest %= 3_600_000_000
        append(rest / 60_000_000, 2, ":", to: &buffer)
        rest %= 60_000_000
        append(rest / 1_000_000, 2, ".", to: &buffer)
        append(rest % 1_000_000, 6, "Z", to: &buffer)
    }

    private static func append(_ number: Int, _ digits: Int, _ end: Unicode.Scalar, to buffer: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            buffer.append(zero + UInt8(number / divisor % 10))
            divisor /= 10
        }
        buffer.append(UInt8(ascii: end))
    }

    /// Reads a time; `nil` where it has another form.
    static func read(_ bytes: ArraySlice<UInt8>) -> Double? {
        guard bytes.count == length else { return nil }
        var rest = bytes
        guard let year = take(4, "-", &rest), let month = take(2, "-", &rest), (1...12).contains(month),
            let day = take(2, "T", &rest), (1...31).contains(day), let hour = take(2, ":", &rest), hour < 24,
            let minute = take(2, ":", &rest), minute < 60, let second = take(2, ".", &rest), second < 60,
            let microsecond = take(6, "Z", &rest), year >= 1970
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Double(days * 86_400 + hour * 3600 + minute * 60 + second) + Double(microsecond) / 1e6
    }

    private static func take(_ digits: Int, _ end: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Int? {
        var number = 0
        for _ in 0..<digits {
            guard let byte = rest.popFirst(), byte >= zero, byte <= zero + 9 else { return nil }
            number = number * 10 + Int(byte - zero)
        }
        return rest.popFirst() == UInt8(ascii: end) ? number : nil
    }
}
