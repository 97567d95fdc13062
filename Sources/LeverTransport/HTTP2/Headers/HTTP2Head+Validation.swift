import NIOHPACK

/// Why a header block is malformed (RFC 9113, section 8.2 and 8.3): an error of its stream.
struct MalformedHead: Error {
    let reason: String
}

extension HTTP2Head {
    /// Checks a decoded block and takes out what its user needs.
    convenience init(validating headers: HPACKHeaders, as kind: HeaderBlockKind) throws(MalformedHead) {
        var pseudo = PseudoHeaders()
        var areRegular = false
        var host: String?
        var contentLength: Int?
        for (name, value, _) in headers {
            try Self.check(value: value, of: name)
            if name.utf8.first == UInt8(ascii: ":") {
                guard !areRegular else { throw MalformedHead(reason: "\(name) stands behind a regular field") }
                try pseudo.take(name, value)
                continue
            }
            areRegular = true
            try Self.check(name: name)
            switch name {
            case "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
                throw MalformedHead(reason: "the field \"\(name)\" belongs to HTTP/1.1")
            case "te":
                guard value == "trailers" else { throw MalformedHead(reason: "te is \"\(value)\", not \"trailers\"") }
            case "host":
                if host == nil { host = value }
            case "content-length":
                guard value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let length = Int(value), contentLength == nil || contentLength == length
                else {
                    throw MalformedHead(reason: "content-length is \"\(value)\"")
                }
                contentLength = length
            default:
                break
            }
        }
        let status = try pseudo.check(kind)
        self.init(
            headers: headers, method: pseudo.method, path: pseudo.path, authority: pseudo.authority ?? host,
            status: status, contentLength: contentLength)
    }

    private struct PseudoHeaders {
        var method: String?
        var scheme: String?
        var path: String?
        var authority: String?
        var status: String?

        mutating func take(_ name: String, _ value: String) throws(MalformedHead) {
            let earlier: String?
            switch name {
            case ":method": (earlier, method) = (method, value)
            case ":scheme": (earlier, scheme) = (scheme, value)
            case ":path": (earlier, path) = (path, value)
            case ":authority": (earlier, authority) = (authority, value)
            case ":status": (earlier, status) = (status, value)
            default: throw MalformedHead(reason: "there is no pseudo-header \"\(name)\"")
            }
            if earlier != nil { throw MalformedHead(reason: "\(name) stands there twice") }
        }

        /// Checks that those are there which the kind of block asks for, and no others; gives a response's status.
        func check(_ kind: HeaderBlockKind) throws(MalformedHead) -> Int? {
            switch kind {
            case .request:
                guard status == nil else { throw MalformedHead(reason: "a request has :status") }
                guard let method, !method.isEmpty else { throw MalformedHead(reason: ":method is missing") }
                guard method != "CONNECT" else { throw MalformedHead(reason: "CONNECT is not served here") }
                guard let scheme, !scheme.isEmpty else { throw MalformedHead(reason: ":scheme is missing") }
                guard let path, !path.isEmpty else { throw MalformedHead(reason: ":path is missing") }
                guard path.utf8.first == UInt8(ascii: "/") || (path == "*" && method == "OPTIONS") else {
                    throw MalformedHead(reason: ":path does not start with \"/\"")
                }
                return nil
            case .response:
                guard method == nil, scheme == nil, path == nil, authority == nil else {
                    throw MalformedHead(reason: "a response has pseudo-headers of a request")
                }
                guard let status, status.utf8.count == 3, let code = Int(status), (100...999).contains(code) else {
                    throw MalformedHead(reason: ":status is \"\(status ?? "")\"")
                }
                guard code != 101 else { throw MalformedHead(reason: "HTTP/2 has no status 101") }
                return code
            case .trailers:
                guard method == nil, scheme == nil, path == nil, authority == nil, status == nil else {
                    throw MalformedHead(reason: "trailers have pseudo-headers")
                }
                return nil
            }
        }
    }

    private static func check(name: String) throws(MalformedHead) {
        for byte in name.utf8 where !isNameByte(byte) {
            throw MalformedHead(reason: "the field name \"\(name.prefix(64))\" has the byte \(byte)")
        }
    }

    /// Lower-case tokens of RFC 9110.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "#"): true
        case UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"): true
        case UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
        default: false
        }
    }

    private static func check(value: String, of name: String) throws(MalformedHead) {
        var last: UInt8 = 0
        for (index, byte) in value.utf8.enumerated() {
            if byte == 0 || byte == 0x0A || byte == 0x0D || (index == 0 && (byte == 0x20 || byte == 0x09)) {
                throw MalformedHead(reason: "the value of \"\(name.prefix(64))\" has the byte \(byte)")
            }
            last = byte
        }
        if last == 0x20 || last == 0x09 {
            throw MalformedHead(reason: "the value of \"\(name.prefix(64))\" ends with white space")
        }
    }
}
