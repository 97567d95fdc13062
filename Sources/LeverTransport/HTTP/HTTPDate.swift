import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The value of the field `date` (RFC 9110, section 6.6.1), written once in a second for each event loop.
final class HTTPDate {
    // Safe: each thread sees its own value only, and the variable itself may be used from any.
    nonisolated(unsafe) private static let ofThisThread = ThreadSpecificVariable<HTTPDate>()

    private var second = -1
    private var text = ""

    /// The current time, as responses say it.
    static var now: String {
        let cache: HTTPDate
        if let known = ofThisThread.currentValue {
            cache = known
        } else {
            cache = HTTPDate()
            ofThisThread.currentValue = cache
        }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if time.tv_sec != cache.second {
            cache.second = time.tv_sec
            cache.text = text(ofSecond: time.tv_sec)
        }
        return cache.text
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// A time in the format IMF-fixdate (RFC 9110, section 5.6.7), from seconds since 1970.
    static func text(ofSecond second: Int) -> String {
        let day = second / 86_400
        let rest = second % 86_400
        // Days to a date of the civil calendar, with years that begin in March (H. Hinnant, "chrono-Compatible Low-Level Date
        // Algorithms", civil_from_days), for days since 1970.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(days[day % 7]), \(twoDigits(dayOfMonth)) \(months[month - 1]) \(year)"
        return "\(date) \(twoDigits(rest / 3_600)):\(twoDigits(rest / 60 % 60)):\(twoDigits(rest % 60)) GMT"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
