/// Where a container's contents gather. Containers nested in it are slots of their own and are read when it is finished,
/// because a type may hold a nested container and write into it at any time until then.
final class EncodingSlot {
    enum Contents {
        case empty
        case value(LeverValue)
        case list([EncodingSlot.Part])
        case object([(key: String, part: EncodingSlot.Part)])
    }

    enum Part {
        case value(LeverValue)
        case slot(EncodingSlot)

        var finished: LeverValue {
            switch self {
            case .value(let value): value
            case .slot(let slot): slot.finished ?? .object(LeverObject())
            }
        }
    }

    var contents = Contents.empty

    /// The value; `nil` where nothing was ever encoded.
    var finished: LeverValue? {
        switch contents {
        case .empty: nil
        case .value(let value): value
        case .list(let parts): .array(parts.map(\.finished))
        case .object(let parts): .object(LeverObject(parts.lazy.map { (key: $0.key, value: $0.part.finished) }))
        }
    }

    var count: Int { if case .list(let parts) = contents { parts.count } else { 0 } }

    func append(_ part: Part) {
        guard case .list(var parts) = contents else { return }
        contents = .empty
        parts.append(part)
        contents = .list(parts)
    }

    func append(_ part: Part, for key: String) {
        guard case .object(var parts) = contents else { return }
        contents = .empty
        parts.append((key, part))
        contents = .object(parts)
    }
}

/// The encoder that a type's `encode(to:)` gets.
struct ValueEncoder: Encoder {
    let context: EncodingContext
    let path: CodingPathLink?
    let slot: EncodingSlot

    init(context: EncodingContext, path: CodingPathLink?, slot: EncodingSlot = EncodingSlot()) {
        self.context = context
        self.path = path
        self.slot = slot
    }

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { context.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        open(.object([]))
        return KeyedEncodingContainer(KeyedValueEncoder(context: context, path: path, slot: slot))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        open(.list([]))
        return UnkeyedValueEncoder(context: context, path: path, slot: slot)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// Asking for the same kind of container again, as a subclass does, goes on with it; another kind is a programmer's mistake.
    private func open(_ contents: EncodingSlot.Contents) {
        switch (slot.contents, contents) {
        case (.empty, _): slot.contents = contents
        case (.list, .list), (.object, .object): break
        default: preconditionFailure("a type encodes itself into two kinds of container at \(codingPath)")
        }
    }
}

extension ValueEncoder: SingleValueEncodingContainer {
    func encodeNil() throws { set(.null) }
    func encode(_ value: Bool) throws { set(.bool(value)) }
    func encode(_ value: String) throws { set(.string(value)) }
    func encode(_ value: Double) throws { set(try context.number(value, at: path)) }
    func encode(_ value: Float) throws { set(try context.number(Double(value), at: path)) }
    func encode(_ value: Int) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: Int8) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: Int16) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: Int32) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: Int64) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: Int128) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt8) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt16) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt32) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt64) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: UInt128) throws { set(try context.integer(value, at: path)) }
    func encode(_ value: some Encodable) throws { set(try context.value(of: value, at: path)) }

    private func set(_ value: LeverValue) {
        slot.contents = .value(value)
    }
}
