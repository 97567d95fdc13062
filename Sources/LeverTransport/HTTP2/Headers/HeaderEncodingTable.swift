/// The fields that an encoder may refer to by number: the static table and the dynamic one (RFC 7541, section 2.3).
struct HeaderEncodingTable {
    /// This side's own bound on the dynamic table, in bytes as RFC 7541 counts them.
    static let maximumSize = 4_096

    private struct Field {
        let name: String
        let value: String
        var size: Int { name.utf8.count + value.utf8.count + 32 }
    }

    /// Newest last; the newest has the number 62.
    private var dynamic: [Field] = []
    private var size = 0

    /// The size that the peer allows at present.
    var capacity = Self.maximumSize {
        didSet { evict(toFit: 0) }
    }

    /// The number of a field, and of one that has at least the name.
    func find(_ name: String, _ value: String) -> (field: Int?, name: Int?) {
        var nameIndex: Int?
        if let known = Self.staticFields[name] {
            for (index, knownValue) in known where knownValue == value { return (index, index) }
            nameIndex = known[0].index
        }
        var position = dynamic.count
        while position > 0 {
            position -= 1
            guard dynamic[position].name == name else { continue }
            let index = 61 + dynamic.count - position
            if dynamic[position].value == value { return (index, index) }
            if nameIndex == nil { nameIndex = index }
        }
        return (nil, nameIndex)
    }

    /// Puts a field into the dynamic table; `false` where it does not fit at all.
    mutating func insert(_ name: String, _ value: String) -> Bool {
        let field = Field(name: name, value: value)
        guard field.size <= capacity else { return false }
        evict(toFit: field.size)
        dynamic.append(field)
        size += field.size
        return true
    }

    private mutating func evict(toFit needed: Int) {
        var evicted = 0
        while size + needed > capacity, evicted < dynamic.count {
            size -= dynamic[evicted].size
            evicted += 1
        }
        if evicted > 0 { dynamic.removeFirst(evicted) }
    }

    /// RFC 7541, appendix A: the fields in order of their numbers, from 1.
    private static let staticList: [(String, String)] = [
        (":authority", ""), (":method", "GET"), (":method", "POST"), (":path", "/"), (":path", "/index.html"),
        (":scheme", "http"), (":scheme", "https"), (":status", "200"), (":status", "204"), (":status", "206"),
        (":status", "304"), (":status", "400"), (":status", "404"), (":status", "500"), ("accept-charset", ""),
        ("accept-encoding", "gzip, deflate"), ("accept-language", ""), ("accept-ranges", ""), ("accept", ""),
        ("access-control-allow-origin", ""), ("age", ""), ("allow", ""), ("authorization", ""), ("cache-control", ""),
        ("content-disposition", ""), ("content-encoding", ""), ("content-language", ""), ("content-length", ""),
        ("content-location", ""), ("content-range", ""), ("content-type", ""), ("cookie", ""), ("date", ""),
        ("etag", ""), ("expect", ""), ("expires", ""), ("from", ""), ("host", ""), ("if-match", ""),
        ("if-modified-since", ""), ("if-none-match", ""), ("if-range", ""), ("if-unmodified-since", ""),
        ("last-modified", ""), ("link", ""), ("location", ""), ("max-forwards", ""), ("proxy-authenticate", ""),
        ("proxy-authorization", ""), ("range", ""), ("referer", ""), ("refresh", ""), ("retry-after", ""),
        ("server", ""), ("set-cookie", ""), ("strict-transport-security", ""), ("transfer-encoding", ""),
        ("user-agent", ""), ("vary", ""), ("via", ""), ("www-authenticate", ""),
    ]

    private static let staticFields: [String: [(index: Int, value: String)]] = {
        var fields: [String: [(index: Int, value: String)]] = [:]
        for (index, field) in staticList.enumerated() {
            fields[field.0, default: []].append((index + 1, field.1))
        }
        return fields
    }()
}
