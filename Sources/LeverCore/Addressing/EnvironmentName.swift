/// The name of an environment: a host name in lower case, such as `dev.lever`.
public struct EnvironmentName: Sendable, CustomStringConvertible {
    /// The name, in lower case and without a final dot.
    public let rawValue: String

    /// The environment that exists from the start, and that an IP address or `localhost` stands for: `dev.lever`.
    public static let `default` = Self(unchecked: "dev.lever")
    /// The environment of the host's own administration: `admin.lever`.
    public static let admin = Self(unchecked: "admin.lever")
    /// The ending of the environments that are this deployment's own: `.lever`.
    public static let internalSuffix = ".lever"

    private init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes a host name: labels of letters, digits, `-` and `_`, joined by dots, at most 253 bytes in all and 63 a label.
    ///
    /// Upper-case letters become lower-case and one final dot is dropped, as names of hosts compare.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL``, naming the text and the rule that it breaks.
    public init(_ text: some StringProtocol) throws(RPCError) {
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty else { throw Self.malformed(text, "is empty") }
        guard name.utf8.count <= 253 else { throw Self.malformed(text.prefix(40) + "…", "is longer than 253 bytes") }
        for label in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard !label.isEmpty else { throw Self.malformed(text, "has an empty label") }
            guard label.count <= 63 else { throw Self.malformed(text, "has a label longer than 63 bytes") }
            guard label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
                throw Self.malformed(text, "has a label that starts or ends with '-'")
            }
            guard label.allSatisfy(Self.isHostNameByte) else {
                throw Self.malformed(text, "may hold only letters, digits, '-', '_' and dots")
            }
        }
        rawValue = name
    }

    private static func isHostNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func malformed(_ text: some StringProtocol, _ rule: String) -> RPCError {
        RPCError(.badURL, "environment name \"\(text)\" \(rule)")
    }

    /// The name.
    public var description: String { rawValue }
}

extension EnvironmentName: NameOfBytes {}
