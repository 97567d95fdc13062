/// A name that is compared byte by byte, as names are in addresses, folders and the catalog: texts that only look alike differ,
/// and no character is looked at.
protocol NameOfBytes: Hashable {
    /// The name as written.
    var rawValue: String { get }
}

extension NameOfBytes {
    /// Compares the bytes.
    public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasSameBytes(as: right.rawValue) }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        rawValue.withContiguousUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // Ends the name, where others are hashed after it.
        hasher.combine(0xFF as UInt8)
    }
}

extension String {
    /// Whether both hold the same UTF-8. `==` calls texts equal that only look alike.
    func hasSameBytes(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        var isSame = false
        withContiguousUTF8 { left in
            other.withContiguousUTF8 { right in
                isSame = left.elementsEqual(right)
            }
        }
        return isSame
    }
}
