/// The first byte of each field of the messages: field number · 8 + wire type (2 length-delimited, 1 eight bytes, 0 varint).
enum WireTag {
    // JSON
    static let string: UInt8 = 0x0A
    static let number: UInt8 = 0x11
    static let bool: UInt8 = 0x18
    static let object: UInt8 = 0x22
    static let array: UInt8 = 0x2A
    // JSONObject, JSONArray: the repeated field
    static let element: UInt8 = 0x0A
    // JSONProperty
    static let name: UInt8 = 0x0A
    static let value: UInt8 = 0x12
    // RPC
    static let arguments: UInt8 = 0x0A
    static let byteArguments: UInt8 = 0x12
    // RPCReply
    static let result: UInt8 = 0x0A
    static let byteResult: UInt8 = 0x12
    static let error: UInt8 = 0x1A
    static let byteError: UInt8 = 0x22
    // StreamMessage
    static let rpc: UInt8 = 0x0A
    static let message: UInt8 = 0x12
    static let byteMessage: UInt8 = 0x1A
    static let streamError: UInt8 = 0x22
    static let streamByteError: UInt8 = 0x2A
}
