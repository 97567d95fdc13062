import CoreProtos
import Foundation
import LeverCore

// Between the generated messages and ours, as slowly and plainly as can be.

extension Core_JSON {
    init(_ value: LeverValue) {
        self.init()
        switch value {
        case .null: break
        case .bool(let flag): jsonBool = flag
        case .number(let number): jsonNumber = number
        case .string(let text): jsonString = text
        case .array(let values): jsonArray = Core_JSONArray(values)
        case .object(let object):
            jsonObject = Core_JSONObject()
            for (name, value) in object {
                var property = Core_JSONProperty()
                property.name = name
                property.value = Core_JSON(value)
                jsonObject.property.append(property)
            }
        }
    }
}

extension Core_JSONArray {
    init(_ values: [LeverValue]) {
        self.init()
        element = values.map { Core_JSON($0) }
    }
}

extension LeverValue {
    init(_ message: Core_JSON) {
        switch message.json {
        case nil: self = .null
        case .jsonBool(let flag)?: self = .bool(flag)
        case .jsonNumber(let number)?: self = .number(number)
        case .jsonString(let text)?: self = .string(text)
        case .jsonArray(let list)?: self = .array(list.element.map { LeverValue($0) })
        case .jsonObject(let object)?:
            self = .object(LeverObject(object.property.map { (key: $0.name, value: LeverValue($0.value)) }))
        }
    }
}

extension Core_RPC {
    init(_ arguments: RPCArguments) {
        self.init()
        switch arguments {
        case .values(let values): args = Core_JSONArray(values)
        case .bytes(let bytes): byteArgs = .init(bytes)
        }
    }
}

extension RPCArguments {
    init(_ message: Core_RPC) {
        switch message.rpc {
        case nil: self = .values([])
        case .args(let list)?: self = .values(list.element.map { LeverValue($0) })
        case .byteArgs(let bytes)?: self = .bytes([UInt8](bytes))
        }
    }
}

extension Core_RPCReply {
    init(_ reply: RPCReply) {
        self.init()
        switch reply {
        case .result(let value): result = Core_JSON(value)
        case .bytes(let bytes): byteResult = .init(bytes)
        case .error(let value): error = Core_JSON(value)
        case .errorBytes(let bytes): byteError = .init(bytes)
        }
    }
}

extension RPCReply {
    init(_ message: Core_RPCReply) {
        switch message.reply {
        case nil: self = .result(.null)
        case .result(let value)?: self = .result(LeverValue(value))
        case .byteResult(let bytes)?: self = .bytes([UInt8](bytes))
        case .error(let value)?: self = .error(LeverValue(value))
        case .byteError(let bytes)?: self = .errorBytes([UInt8](bytes))
        }
    }
}

extension Core_StreamMessage {
    init(_ message: StreamMessage) {
        self.init()
        switch message {
        case .open(let arguments): rpc = Core_RPC(arguments)
        case .accepted: break
        case .message(.value(let value)): self.message = Core_JSON(value)
        case .message(.bytes(let bytes)): byteMessage = .init(bytes)
        case .message(.error(let value)): error = Core_JSON(value)
        case .message(.errorBytes(let bytes)): byteError = .init(bytes)
        }
    }
}

extension StreamMessage {
    init(_ message: Core_StreamMessage) {
        switch message.streamMessage {
        case nil: self = .accepted
        case .rpc(let rpc)?: self = .open(RPCArguments(rpc))
        case .message(let value)?: self = .message(.value(LeverValue(value)))
        case .byteMessage(let bytes)?: self = .message(.bytes([UInt8](bytes)))
        case .error(let value)?: self = .message(.error(LeverValue(value)))
        case .byteError(let bytes)?: self = .message(.errorBytes([UInt8](bytes)))
        }
    }
}
