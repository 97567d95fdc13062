/// The name of a service within its environment: 3 to 255 characters without `/`, `?`, `#` and white space.
public struct ServiceName: Sendable, CustomStringConvertible {
    /// The name as written.
    public let rawValue: String

    /// The name of the service that administers a host: `admin`.
    public static let admin = Self(unchecked: "admin")

    private init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes a name that fits the rules.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL``, naming the text and the rule that it breaks.
    public init(_ text: some StringProtocol) throws(RPCError) {
        if let broken = Self.brokenRule(text) {
            throw RPCError(.badURL, "service name \"\(text.prefix(64))\" \(broken)")
        }
        rawValue = String(text)
    }

    /// The rule that a text breaks as a service's name; `nil` where it is a good one.
    static func brokenRule(_ text: some StringProtocol) -> String? {
        let count = text.utf8.count <= 255 ? text.utf8.count : text.count
        guard count <= 255, text.utf8.count <= 1024 else { return "is longer than 255 characters" }
        guard text.count >= 3 else { return "is shorter than 3 characters" }
        for scalar in text.unicodeScalars {
            if scalar == "/" || scalar == "?" || scalar == "#" { return "may not hold '\(scalar)'" }
            if scalar.properties.isWhitespace { return "may not hold white space" }
            if scalar.value < 0x20 || scalar.value == 0x7F { return "may not hold control characters" }
        }
        if text == "." || text == ".." { return "is reserved" }
        return nil
    }

    /// The name.
    public var description: String { rawValue }
}

extension ServiceName: NameOfBytes {}
