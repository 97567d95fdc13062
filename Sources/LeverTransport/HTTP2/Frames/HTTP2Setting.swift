/// The number of a setting (RFC 9113, section 6.5.2).
struct HTTP2Setting: RawRepresentable, Equatable {
    let rawValue: UInt16

    static let headerTableSize = Self(rawValue: 0x1)
    static let enablePush = Self(rawValue: 0x2)
    static let maximumConcurrentStreams = Self(rawValue: 0x3)
    static let initialWindowSize = Self(rawValue: 0x4)
    static let maximumFrameSize = Self(rawValue: 0x5)
    static let maximumHeaderListSize = Self(rawValue: 0x6)
}

/// What the peer has told of itself; the values before its first SETTINGS are the protocol's.
struct PeerSettings {
    var headerTableSize = 4_096
    var maximumConcurrentStreams = Int.max
    var initialWindowSize = 65_535
    var maximumFrameSize = 16_384
}
