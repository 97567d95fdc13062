extension LeverValue {
    /// Reads JSON text, strictly as RFC 8259 has it: no trailing commas, comments, lone surrogates, NaN or byte order mark.
    /// Of a key that repeats, the last value counts.
    ///
    /// - Throws: ``JSONError`` with the place and the reason.
    public init(json text: some StringProtocol, limits: ValueLimits = .defaults) throws(JSONError) {
        try self.init(json: Array(text.utf8), limits: limits)
    }

    /// Reads JSON text in UTF-8.
    ///
    /// - Throws: ``JSONError`` with the place and the reason.
    public init(json bytes: [UInt8], limits: ValueLimits = .defaults) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
            try JSONReader.read(bytes, limits: limits)
        }
    }

    /// Reads JSON text in UTF-8.
    ///
    /// - Throws: ``JSONError`` with the place and the reason.
    public init(json bytes: RawSpan, limits: ValueLimits = .defaults) throws(JSONError) {
        self = try bytes.withUnsafeBytes { bytes throws(JSONError) in
            try JSONReader.read(bytes.bindMemory(to: UInt8.self), limits: limits)
        }
    }

    /// The value as JSON text: compact, or indented by two spaces. Numbers have the fewest digits that read back as the
    /// same double; a number that is not finite becomes `null`, as in JavaScript.
    public func json(pretty: Bool = false) -> String {
        withJSON(pretty: pretty) { span in span.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } }
    }

    /// The value as JSON text in UTF-8, handed to `body`, which must not keep it.
    public func withJSON<Result>(pretty: Bool = false, _ body: (RawSpan) throws -> Result) rethrows -> Result {
        var writer = JSONWriter(isPretty: pretty)
        writer.write(self)
        return try body(UnsafeRawBufferPointer(writer.bytes).bytes)
    }
}
