/// The name of a method, which also says whether it is a channel method.
public struct MethodName: Sendable, CustomStringConvertible {
    /// The name as written.
    public let rawValue: String

    /// What the host calls before the first request for a resource reaches an instance.
    public static let newResource = Self(unchecked: "NewResource")
    /// What the host calls when a resource leaves an instance.
    public static let closeResource = Self(unchecked: "CloseResource")

    /// What a host asks an instance that an earlier run of it has left: answered with ``InstanceHoldings``. Services have no such
    /// method, nor can anybody else call it, since names that start with `_` are not callable.
    package static let adopt = Self(unchecked: "_Adopt")

    private init(unchecked rawValue: String) {
        self.rawValue = rawValue
    }

    /// Takes a name of 1 to 255 bytes without `/`, `?`, `#`, white space and control characters.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL``; for a name that starts with `_`, which is never
    ///   callable, with ``RPCError/Reason/noMethod``.
    public init(_ text: some StringProtocol) throws(RPCError) {
        try self.init(checking: String(text))
    }

    private init(checking text: String) throws(RPCError) {
        guard !text.isEmpty else { throw RPCError(.badURL, "the method name is missing") }
        guard text.utf8.count <= 255 else {
            throw RPCError(.badURL, "method name \"\(text.prefix(64))…\" is longer than 255 bytes")
        }
        let isPlain = text.utf8.allSatisfy {
            $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
        }
        guard isPlain else {
            throw RPCError(.badURL, "method name \"\(text)\" may not hold '/', '?', '#', spaces or control characters")
        }
        guard text.utf8.first != UInt8(ascii: "_") else {
            throw RPCError(.noMethod, "method \"\(text)\" is not callable: names that start with \"_\" never are")
        }
        rawValue = text
    }

    /// Takes a name from a host's call, which may be one that nobody else can call.
    ///
    /// - Throws: as ``init(_:)``.
    package init(ofHost text: Substring) throws(RPCError) {
        if text.utf8.elementsEqual(Self.adopt.rawValue.utf8) { self = .adopt } else { try self.init(text) }
    }

    /// Whether it is a channel (streaming) method: the name ends in `Chan` or `_chan`, or is `chan`.
    public var isChannel: Bool {
        // By bytes: every call asks, and text is compared by characters otherwise.
        var isChannel = false
        rawValue.withContiguousUTF8 { bytes in
            let start = bytes.count - 4
            guard start >= 0, bytes[start + 1] == UInt8(ascii: "h"), bytes[start + 2] == UInt8(ascii: "a"),
                bytes[start + 3] == UInt8(ascii: "n")
            else { return }
            isChannel =
                bytes[start] == UInt8(ascii: "C")
                || bytes[start] == UInt8(ascii: "c") && (start == 0 || bytes[start - 1] == UInt8(ascii: "_"))
        }
        return isChannel
    }

    /// The name.
    public var description: String { rawValue }
}

extension MethodName: NameOfBytes {}
