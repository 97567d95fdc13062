/// Times and sizes as people write them.
enum Quantity {
    /// `250ms`, `30s`, `5m`, `1h`; a number alone is seconds. `nil` for anything else.
    static func time(_ text: String) -> Duration? {
        guard let (number, unit) = split(text) else { return nil }
        switch unit {
        case "ms": return .milliseconds(number)
        case "s", "": return .seconds(number)
        case "m" where number <= Int.max / 60: return .seconds(number * 60)
        case "h" where number <= Int.max / 3600: return .seconds(number * 3600)
        default: return nil
        }
    }

    /// `512KiB`, `30MiB`, `1GiB`, `10kB`, `10MB`; a number alone is bytes. `nil` for anything else.
    static func size(_ text: String) -> Int? {
        guard let (number, unit) = split(text) else { return nil }
        let factor: Int
        switch unit {
        case "", "B": factor = 1
        case "KiB": factor = 1 << 10
        case "MiB": factor = 1 << 20
        case "GiB": factor = 1 << 30
        case "kB": factor = 1_000
        case "MB": factor = 1_000_000
        case "GB": factor = 1_000_000_000
        default: return nil
        }
        let (size, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : size
    }

    private static func split(_ text: String) -> (number: Int, unit: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        // 12 digits are enough for all that makes sense, and overflow nothing.
        guard (1...12).contains(digits.count), let number = Int(digits) else { return nil }
        return (number, text[digits.endIndex...])
    }
}
