import Synchronization

/// Types of Foundation whose own `Codable` form is not the one that JSON programs expect. Foundation is not imported, for what
/// it costs a small service in memory and start-up; so they are known by what they are.
enum ForeignKind {
    /// Codable bytes that are not one of the standard library's arrays: `Data`. Base64 text.
    case bytes
    /// `URL`. Its text, where it stands by itself.
    case url
    /// Any other type.
    case other

    /// What was found of each type so far, of which a program has so many. Asking the runtime takes longer than encoding a number.
    private static let known = Mutex<[ObjectIdentifier: ForeignKind]>([:])

    /// What a type is.
    static func of(_ type: Any.Type) -> ForeignKind {
        let id = ObjectIdentifier(type)
        if let known = known.withLock({ $0[id] }) { return known }
        let kind = ForeignKind(type)
        known.withLock { $0[id] = kind }
        return kind
    }

    private init(_ type: Any.Type) {
        if type is any ByteCollection.Type {
            self = .other
        } else if type is any (RangeReplaceableCollection<UInt8> & Codable).Type {
            self = .bytes
        } else {
            switch String(reflecting: type) {
            case "Foundation.URL", "FoundationEssentials.URL": self = .url
            default: self = .other
            }
        }
    }

    /// Makes a collection of bytes of a base64 text; `nil` where it is none.
    static func bytes<Bytes: RangeReplaceableCollection<UInt8>>(_ type: Bytes.Type, of text: String) -> Bytes? {
        Base64.decode(text).map { Bytes($0) }
    }
}

/// The standard library's own arrays, which are lists of numbers as any others.
private protocol ByteCollection {}
extension Array: ByteCollection {}
extension ArraySlice: ByteCollection {}
extension ContiguousArray: ByteCollection {}

/// Base64 as RFC 4648 §4 has it, with padding.
enum Base64 {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let second = start + 1 < bytes.count ? bytes[start + 1] : 0
            let third = start + 2 < bytes.count ? bytes[start + 2] : 0
            let group = Int(bytes[start]) << 16 | Int(second) << 8 | Int(third)
            result.append(letters[group >> 18])
            result.append(letters[group >> 12 & 63])
            result.append(start + 1 < bytes.count ? letters[group >> 6 & 63] : UInt8(ascii: "="))
            result.append(start + 2 < bytes.count ? letters[group & 63] : UInt8(ascii: "="))
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The bytes; `nil` where the text is not base64.
    static func decode(_ text: String) -> [UInt8]? {
        let letters = Array(text.utf8)
        guard letters.count.isMultiple(of: 4) else { return nil }
        let padding = letters.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var result: [UInt8] = []
        result.reserveCapacity(letters.count / 4 * 3)
        var group = 0
        for (index, letter) in letters.enumerated() {
            let isPadding = index >= letters.count - padding
            guard let sextet = isPadding ? 0 : value(of: letter) else { return nil }
            group = group << 6 | sextet
            if index % 4 == 3 {
                result.append(UInt8(truncatingIfNeeded: group >> 16))
                result.append(UInt8(truncatingIfNeeded: group >> 8))
                result.append(UInt8(truncatingIfNeeded: group))
                group = 0
            }
        }
        result.removeLast(padding)
        return result
    }

    private static func value(of letter: UInt8) -> Int? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): Int(letter) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): Int(letter) - 71
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(letter) + 4
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
