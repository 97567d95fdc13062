/// Names of bounded length for what has names of any length.
enum ShortName {
    /// Twelve digits that stand for a text.
    static func of(_ text: String) -> String { String(digits(of: text).suffix(12)) }

    /// Sixteen digits that stand for a text.
    static func digits(of text: String) -> String {
        // FNV-1a: the few names of a machine are told apart; nobody else chooses them.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
