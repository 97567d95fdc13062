import CoreProtos
import LeverCore
import SwiftProtobuf
import Testing

/// Compares the codec with SwiftProtobuf, which is generated from the same messages, on random documents.
@Suite("The wire codec against SwiftProtobuf")
struct CodecOracleTests {
    let codec = ProtobufCodec()

    @Test("both write the same bytes and read each other's", arguments: 0..<40 as Range<UInt64>)
    func byteForByte(seed: UInt64) throws {
        var documents = RandomDocuments(seed: seed)
        for _ in 0..<100 {
            let value = documents.value()
            let arguments = RPCArguments.values((0..<3).map { _ in documents.value() })
            for reply: RPCReply in [
                .result(value), .error(value), .bytes(documents.bytes()), .errorBytes(documents.bytes()),
            ] {
                let ours = try codec.bytes(reply)
                #expect(ours == (try Core_RPCReply(reply).serializedBytes()))
                #expect(try Core_RPCReply(serializedBytes: ours) == Core_RPCReply(reply))
                #expect(try codec.decodeReply(ours) == reply)
            }
            let messages: [StreamMessage] = [
                .open(arguments), .open(.bytes(documents.bytes())), .accepted, .message(.value(value)),
                .message(.error(value)),
                .message(.bytes(documents.bytes())), .message(.errorBytes(documents.bytes())),
            ]
            for message in messages {
                let ours = try codec.bytes(message)
                #expect(ours == (try Core_StreamMessage(message).serializedBytes()))
                #expect(try codec.decodeStreamMessage(ours) == message)
            }
            let ours = try codec.bytes(arguments)
            #expect(ours == (try Core_RPC(arguments).serializedBytes()))
            #expect(try codec.decodeArguments(ours) == arguments)
        }
    }

    @Test("messages joined end to end are merged alike", arguments: 0..<20 as Range<UInt64>)
    func merging(seed: UInt64) throws {
        var documents = RandomDocuments(seed: 500 + seed)
        for _ in 0..<100 {
            let joined = try codec.bytes(documents.reply()) + codec.bytes(documents.reply())
            try expectSameMeaning(joined)
            let messages = try codec.bytes(documents.message()) + codec.bytes(documents.message())
            let ours = try codec.decodeStreamMessage(messages)
            let theirs = try Core_StreamMessage(serializedBytes: messages)
            #expect(Core_StreamMessage(ours) == Core_StreamMessage(StreamMessage(theirs)))
        }
    }

    @Test("unknown fields are skipped alike", arguments: 0..<20 as Range<UInt64>)
    func unknownFields(seed: UInt64) throws {
        var documents = RandomDocuments(seed: 900 + seed)
        for _ in 0..<100 {
            let known = try codec.bytes(documents.reply())
            try expectSameMeaning(documents.unknownField() + known + documents.unknownField())
            // Inside of a value: a length-delimited field 1 (result) around an unknown and a known part.
            let inner = documents.unknownField() + [0x0A, 0x01, 0x78] + documents.unknownField()
            try expectSameMeaning([0x0A, UInt8(inner.count)] + inner)
        }
    }

    @Test("mutated messages mean the same to both, where both take them", arguments: 0..<40 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var documents = RandomDocuments(seed: 5000 + seed)
        for _ in 0..<100 {
            let original = try codec.bytes(documents.reply())
            let bytes = documents.mutation(of: original)
            guard let ours = try? codec.decodeReply(bytes) else { continue }
            // What we take, they take; the other way groups and depth differ, which the contract forbids or bounds.
            let theirs = try Core_RPCReply(serializedBytes: bytes)
            #expect(Core_RPCReply(ours).serializedEquals(Core_RPCReply(RPCReply(theirs))), "\(bytes)")
        }
    }

    private func expectSameMeaning(_ bytes: [UInt8]) throws {
        let ours = try codec.decodeReply(bytes)
        let theirs = try RPCReply(Core_RPCReply(serializedBytes: bytes))
        #expect(Core_RPCReply(ours).serializedEquals(Core_RPCReply(theirs)), "\(bytes)")
    }
}

extension Core_RPCReply {
    /// Compares by bytes, since a NaN is not equal to itself.
    fileprivate func serializedEquals(_ other: Core_RPCReply) -> Bool {
        (try? serializedBytes() as [UInt8]) == (try? other.serializedBytes() as [UInt8])
    }
}
