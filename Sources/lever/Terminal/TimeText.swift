#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Times as people read them.
enum TimeText {
    /// A date and time of this machine's zone, for example `2026-03-01 17:04:09`.
    static func local(_ secondsSince1970: Double) -> String {
        guard secondsSince1970.isFinite, abs(secondsSince1970) < 1e11 else { return "?" }
        var seconds = time_t(secondsSince1970)
        var parts = tm()
        guard localtime_r(&seconds, &parts) != nil else { return "?" }
        let text = [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, 32, "%Y-%m-%d %H:%M:%S", &parts)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// How long something has lasted, with one unit: `12s`, `3m`, `5h`, `20d`.
    static func age(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "?" }
        switch Int(seconds) {
        case let seconds where seconds < 120: return "\(seconds)s"
        case let seconds where seconds < 7200: return "\(seconds / 60)m"
        case let seconds where seconds < 172_800: return "\(seconds / 3600)h"
        case let seconds: return "\(seconds / 86_400)d"
        }
    }

    /// The present, in seconds since 1970.
    static func now() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
