/// A pattern for one name: `*` stands for any text, `?` for one character, `[a-z]` and `[!a-z]` for one of a set, and a
/// backslash takes the next character literally.
struct GlobPattern: Sendable {
    private enum Part: Sendable {
        case text
        case one
        case character(Unicode.Scalar)
        case set(ranges: [ClosedRange<Unicode.Scalar>], isNegated: Bool)
        /// What cannot match, such as a set that does not end.
        case never

        func match(_ scalar: Unicode.Scalar) -> Bool {
            switch self {
            case .one: true
            case .character(let own): own == scalar
            case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar) } != isNegated
            case .text, .never: false
            }
        }
    }

    private let parts: [Part]

    init(_ text: some StringProtocol) {
        let scalars = Array(text.unicodeScalars)
        var parts: [Part] = []
        var index = 0
        while index < scalars.count {
            switch scalars[index] {
            case "*":
                if case .text? = parts.last {} else { parts.append(.text) }
            case "?": parts.append(.one)
            case "[": parts.append(Self.set(in: scalars, at: &index))
            case "\\":
                index += 1
                parts.append(index < scalars.count ? .character(scalars[index]) : .never)
            default: parts.append(.character(scalars[index]))
            }
            index += 1
        }
        self.parts = parts
    }

    /// Reads the set that starts at `index`, which is then at its last character.
    private static func set(in scalars: [Unicode.Scalar], at index: inout Int) -> Part {
        var position = index + 1
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        var isNegated = false
        if position < scalars.count, scalars[position] == "!" || scalars[position] == "^" {
            isNegated = true
            position += 1
        }
        var isFirst = true
        while position < scalars.count, isFirst || scalars[position] != "]" {
            isFirst = false
            let low = character(in: scalars, at: &position)
            if position + 1 < scalars.count, scalars[position] == "-", scalars[position + 1] != "]" {
                position += 1
                let high = character(in: scalars, at: &position)
                if low <= high { ranges.append(low...high) }
            } else {
                ranges.append(low...low)
            }
        }
        index = position
        return position < scalars.count ? .set(ranges: ranges, isNegated: isNegated) : .never
    }

    private static func character(in scalars: [Unicode.Scalar], at position: inout Int) -> Unicode.Scalar {
        if scalars[position] == "\\", position + 1 < scalars.count { position += 1 }
        defer { position += 1 }
        return scalars[position]
    }

    /// Whether the whole name matches. Takes at most the product of both lengths in steps.
    func match(_ name: [Unicode.Scalar]) -> Bool {
        var part = 0
        var index = 0
        var retry: (part: Int, index: Int)?
        while index < name.count {
            if part < parts.count, case .text = parts[part] {
                retry = (part, index)
                part += 1
            } else if part < parts.count, parts[part].match(name[index]) {
                part += 1
                index += 1
            } else if let last = retry {
                retry = (last.part, last.index + 1)
                part = last.part + 1
                index = last.index + 1
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { if case .text = $0 { true } else { false } }
    }
}
