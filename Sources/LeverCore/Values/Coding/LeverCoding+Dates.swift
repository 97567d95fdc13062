extension LeverCoding.ValueStrategy {
    /// Seconds between the reference points of `Date` (2001) and of Unix time (1970).
    private static let secondsTo2001 = 978_307_200.0

    /// Dates as seconds since 1970. For types whose own form is a number of seconds since 2001, which is how `Date` encodes
    /// itself: `.secondsSince1970(Date.self)`.
    public static func secondsSince1970<Date: Codable & Sendable>(_ type: Date.Type) -> Self {
        number(type, factor: 1)
    }

    /// Dates as milliseconds since 1970, as JavaScript counts them: `.millisecondsSince1970(Date.self)`.
    public static func millisecondsSince1970<Date: Codable & Sendable>(_ type: Date.Type) -> Self {
        number(type, factor: 1000)
    }

    /// Dates as texts such as `2026-11-24T19:05:00Z` (RFC 3339, milliseconds where there are any): `.iso8601(Date.self)`. What is
    /// read may have an offset instead of `Z`.
    public static func iso8601<Date: Codable & Sendable>(_ type: Date.Type) -> Self {
        Self(type) { date in
            .string(RFC3339.text(secondsSince1970: try seconds(of: date)))
        } decode: { value in
            guard let seconds = value.stringValue.flatMap(RFC3339.secondsSince1970) else { return nil }
            return try self.date(type, seconds)
        }
    }

    private static func number<Date: Codable & Sendable>(_ type: Date.Type, factor: Double) -> Self {
        Self(type) { date in
            .number(try seconds(of: date) * factor)
        } decode: { value in
            guard let number = value.numberValue else { return nil }
            return try self.date(type, number / factor)
        }
    }

    private static func seconds(of date: some Encodable) throws -> Double {
        guard case .number(let seconds) = try LeverEncoder().encode(date) else {
            throw EncodingError.invalidValue(
                date, .init(codingPath: [], debugDescription: "\(date) does not encode itself as seconds since 2001"))
        }
        return seconds + secondsTo2001
    }

    private static func date<Date: Decodable>(_ type: Date.Type, _ seconds: Double) throws -> Date {
        try LeverDecoder().decode(type, from: .number(seconds - secondsTo2001))
    }
}

/// Dates and times as RFC 3339 writes them. The calendar's arithmetic is H. Hinnant's ("chrono-compatible low-level date
/// algorithms", 2013): years start in March, so that the day that leap years add is their last.
enum RFC3339 {
    static func text(secondsSince1970: Double) -> String {
        let milliseconds = Int64((secondsSince1970 * 1000).rounded())
        let (seconds, fraction) = floorDivide(milliseconds, 1000)
        let (days, time) = floorDivide(seconds, 86_400)
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let clock = "\(padded(time / 3600)):\(padded(time / 60 % 60)):\(padded(time % 60))"
        let decimals = fraction == 0 ? "" : ".\(padded(fraction, 3))"
        return "\(padded(year, 4))-\(padded(month))-\(padded(day))T\(clock)\(decimals)Z"
    }

    /// The time that a text says; `nil` where it is not of this form.
    static func secondsSince1970(_ text: String) -> Double? {
        var bytes = text.utf8[...]
        guard let year = digits(&bytes, 4), take(&bytes, "-"), let month = digits(&bytes, 2), take(&bytes, "-"),
            let day = digits(&bytes, 2), take(&bytes, "T", "t", " "), let hour = digits(&bytes, 2), take(&bytes, ":"),
            let minute = digits(&bytes, 2), take(&bytes, ":"), let second = digits(&bytes, 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61
        else { return nil }
        var fraction = 0.0
        if take(&bytes, ".") {
            let decimals = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard (1...9).contains(decimals.count) else { return nil }
            fraction = Double("0." + String(Substring(decimals))) ?? 0
            bytes = bytes.dropFirst(decimals.count)
        }
        var offset: Int64 = 0
        if !take(&bytes, "Z", "z") {
            let isWest = bytes.first == UInt8(ascii: "-")
            guard take(&bytes, "+", "-"), let hours = digits(&bytes, 2), take(&bytes, ":"),
                let minutes = digits(&bytes, 2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * (isWest ? -60 : 60)
        }
        guard bytes.isEmpty else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shiftedYear, 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Double(days * 86_400 + hour * 3600 + minute * 60 + second - offset) + fraction
    }

    private static func digits(_ bytes: inout Substring.UTF8View, _ count: Int) -> Int64? {
        let found = bytes.prefix(count)
        guard found.count == count, found.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            return nil
        }
        bytes = bytes.dropFirst(count)
        return Int64(Substring(found))
    }

    private static func take(_ bytes: inout Substring.UTF8View, _ letters: Unicode.Scalar...) -> Bool {
        guard let first = bytes.first, letters.contains(Unicode.Scalar(first)) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (Int64, Int64) {
        let remainder = (number % divisor + divisor) % divisor
        return ((number - remainder) / divisor, remainder)
    }

    private static func padded(_ number: Int64, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
