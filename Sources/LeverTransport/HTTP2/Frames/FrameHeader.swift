import NIOCore

/// The nine bytes before each frame's payload (RFC 9113, section 4.1).
struct FrameHeader: Equatable {
    static let size = 9

    var length: Int
    var type: FrameType
    var flags: FrameFlags
    var stream: UInt32

    init(length: Int, type: FrameType, flags: FrameFlags = [], stream: UInt32) {
        self.length = length
        self.type = type
        self.flags = flags
        self.stream = stream
    }

    /// Reads the header at the buffer's front without moving past it; `nil` where it is not whole.
    @inline(__always)
    init?(peeking buffer: ByteBuffer) {
        guard buffer.readableBytes >= Self.size else { return nil }
        self = buffer.withUnsafeReadableBytes { bytes in
            let first = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            let stream = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
            return FrameHeader(
                length: Int(first >> 8), type: FrameType(rawValue: UInt8(truncatingIfNeeded: first)),
                flags: FrameFlags(rawValue: bytes[4]), stream: stream & 0x7FFF_FFFF)
        }
    }
}

/// The type of a frame; types that nobody here knows are ignored.
struct FrameType: RawRepresentable, Equatable {
    let rawValue: UInt8

    static let data = Self(rawValue: 0x0)
    static let headers = Self(rawValue: 0x1)
    static let priority = Self(rawValue: 0x2)
    static let resetStream = Self(rawValue: 0x3)
    static let settings = Self(rawValue: 0x4)
    static let pushPromise = Self(rawValue: 0x5)
    static let ping = Self(rawValue: 0x6)
    static let goAway = Self(rawValue: 0x7)
    static let windowUpdate = Self(rawValue: 0x8)
    static let continuation = Self(rawValue: 0x9)
}

/// The flags of a frame; what a bit means depends on the type.
struct FrameFlags: OptionSet {
    let rawValue: UInt8

    static let endStream = Self(rawValue: 0x1)
    static let acknowledge = Self(rawValue: 0x1)
    static let endHeaders = Self(rawValue: 0x4)
    static let padded = Self(rawValue: 0x8)
    static let priority = Self(rawValue: 0x20)
}
