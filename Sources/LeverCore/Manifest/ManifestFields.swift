/// The fields of a `lever.json`, each read with its rule.
struct ManifestFields {
    /// The fields that there are: those that the old system has, and what came later for scaling, draining, building and
    /// containers.
    static let known = [
        "name", "description", "entry", "jsEntry", "build", "files", "private", "maxInstanceLoad", "minInstances",
        "maxInstances", "channelLoad", "drainTimeout", "channelDrainTimeout", "ram", "cpus", "image",
        "internet", "spares", "config",
    ]

    private let object: LeverObject

    init(_ object: LeverObject) {
        self.object = object
    }

    /// The value of a field; `nil` where it is left out or `null`.
    private func value(_ field: String) -> LeverValue? {
        guard let value = object[field], !value.isNull else { return nil }
        return value
    }

    /// An error that names the field, its value (shortened) and what it should be.
    private func malformed(_ field: String, _ value: LeverValue, _ rule: String) -> RuntimeError {
        let text = value.json()
        let shown = text.utf8.count <= 80 ? text : "\(text.prefix(60))…"
        return RuntimeError(.invalidInput, "lever.json: \"\(field)\" \(rule), not \(shown)")
    }

    // MARK: Fields of their own kind

    func name() throws(RuntimeError) -> ServiceName {
        guard let value = value("name") else { throw RuntimeError(.invalidInput, "lever.json: \"name\" is missing") }
        guard case .string(let text) = value else { throw malformed("name", value, "must be a string") }
        if let broken = ServiceName.brokenRule(text) {
            throw RuntimeError(
                .invalidInput, "lever.json: \"name\" \(LeverValue.string(String(text.prefix(64)))) \(broken)")
        }
        do {
            return try ServiceName(text)
        } catch {
            throw RuntimeError(.invalidInput, "lever.json: \"name\": \(error.message)")
        }
    }

    func entry() throws(RuntimeError) -> Manifest.Entry {
        switch (value("entry"), value("jsEntry")) {
        case (nil, nil): return .command(["./serve"])
        case (let command?, nil): return .command(try words("entry", command))
        case (nil, let module?): return .javaScript(try modulePath(module))
        case (_?, _?):
            throw RuntimeError(.invalidInput, "lever.json: \"entry\" and \"jsEntry\" exclude each other; leave one out")
        }
    }

    func build() throws(RuntimeError) -> [String]? {
        guard let value = value("build") else { return nil }
        return try words("build", value)
    }

    func files() throws(RuntimeError) -> [String]? {
        guard let value = value("files") else { return nil }
        let rule = "must be an array of strings: paths within the service's directory"
        let paths = try strings("files", value, rule)
        guard !paths.isEmpty else { throw malformed("files", value, "must name at least one file") }
        for path in paths {
            let steps = path.split(separator: "/").filter { $0 != "." }
            guard !steps.isEmpty, !path.hasPrefix("/"), !steps.contains("..") else {
                throw malformed("files", .string(path), rule)
            }
        }
        return paths
    }

    private func words(_ field: String, _ value: LeverValue) throws(RuntimeError) -> [String] {
        let words = try strings(field, value, "must be an array of strings: the command and its arguments")
        guard let command = words.first else { throw malformed(field, value, "must hold at least the command") }
        guard !command.isEmpty else { throw malformed(field, value, "must start with a command") }
        return words
    }

    private func strings(_ field: String, _ value: LeverValue, _ rule: String) throws(RuntimeError) -> [String] {
        guard case .array(let elements) = value else { throw malformed(field, value, rule) }
        var strings: [String] = []
        for element in elements {
            guard case .string(let text) = element else { throw malformed(field, value, rule) }
            guard !text.utf8.contains(0) else { throw malformed(field, value, "may not hold NUL characters") }
            strings.append(text)
        }
        return strings
    }

    private func modulePath(_ value: LeverValue) throws(RuntimeError) -> String {
        guard case .string(let path) = value else {
            throw malformed("jsEntry", value, "must be a string: the path of a JavaScript module")
        }
        guard !path.isEmpty else { throw malformed("jsEntry", value, "must be the path of a JavaScript module") }
        guard !path.utf8.contains(0) else { throw malformed("jsEntry", value, "may not hold NUL characters") }
        guard !path.hasPrefix("/") else {
            throw malformed("jsEntry", value, "must be a path relative to the service's directory")
        }
        var depth = 0
        for part in path.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            guard depth >= 0 else { throw malformed("jsEntry", value, "must stay inside the service's directory") }
        }
        return path
    }

    /// A reference such as `node:22`, `registry.example.com:5000/team/node@sha256:…`; the engine knows the whole grammar, this
    /// keeps out what would be another request or another option.
    func image() throws(RuntimeError) -> String? {
        guard let value = value("image") else { return nil }
        let rule = "must be the reference of an image, for example \"node:22\""
        guard case .string(let text) = value, let first = text.utf8.first, text.utf8.count <= 512,
            text.utf8.allSatisfy({ $0.isLetterOrDigit || "._-/:@".utf8.contains($0) }), first.isLetterOrDigit
        else { throw malformed("image", value, rule) }
        return text
    }

    func config() throws(RuntimeError) -> LeverValue {
        guard let value = value("config") else { return .object(LeverObject()) }
        guard case .object = value else { throw malformed("config", value, "must be an object") }
        let length = value.withJSON { $0.byteCount }
        guard length <= Manifest.maximumConfigLength else {
            throw RuntimeError(
                .invalidInput,
                "lever.json: \"config\" has \(length) bytes; at most \(Manifest.maximumConfigLength) are allowed")
        }
        return value
    }

    /// Left out it is 10, or as many as are always kept: manifests from before there was this field stay valid.
    func maxInstances(minInstances: Int) throws(RuntimeError) -> Int {
        guard let count = try integer("maxInstances", in: 1...10_000) else { return max(10, minInstances) }
        guard count >= minInstances else {
            throw RuntimeError(
                .invalidInput,
                "lever.json: \"maxInstances\" must be at least \"minInstances\", which is \(minInstances), not \(count)"
            )
        }
        return count
    }

    // MARK: Plain fields

    func text(_ field: String) throws(RuntimeError) -> String? {
        guard let value = value(field) else { return nil }
        guard case .string(let text) = value else { throw malformed(field, value, "must be a string") }
        return text
    }

    func flag(_ field: String) throws(RuntimeError) -> Bool? {
        guard let value = value(field) else { return nil }
        guard case .bool(let flag) = value else { throw malformed(field, value, "must be true or false") }
        return flag
    }

    func number(_ field: String, above minimum: Double, upTo maximum: Int) throws(RuntimeError) -> Double? {
        guard let value = value(field) else { return nil }
        guard case .number(let number) = value, number > minimum, number <= Double(maximum) else {
            throw malformed(field, value, "must be a number above \(LeverValue.number(minimum)) and up to \(maximum)")
        }
        return number
    }

    func number(_ field: String, from minimum: Double, upTo maximum: Int) throws(RuntimeError) -> Double? {
        guard let value = value(field) else { return nil }
        guard case .number(let number) = value, number >= minimum, number <= Double(maximum) else {
            throw malformed(field, value, "must be a number from \(LeverValue.number(minimum)) to \(maximum)")
        }
        return number
    }

    /// A time in seconds, up to a day.
    func seconds(_ field: String) throws(RuntimeError) -> Duration? {
        try number(field, above: 0, upTo: 86_400).map { .milliseconds(max(1, ($0 * 1_000).rounded())) }
    }

    func integer(_ field: String, in range: ClosedRange<Int>) throws(RuntimeError) -> Int? {
        guard let value = value(field) else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            throw malformed(field, value, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    // MARK: Unknown fields

    /// What to say of a key; `nil` where it is a known one.
    static func warning(_ key: String) -> String? {
        guard !known.contains(key) else { return nil }
        let shown = LeverValue.string(String(key.prefix(64)))
        let unknown = "lever.json: \(shown) is unknown and has no effect"
        guard let meant = EditDistance.nearest(to: key, among: known) else { return unknown }
        return unknown + "; did you mean \"\(meant)\"?"
    }
}

extension UInt8 {
    fileprivate var isLetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
