import LeverCore
import Testing

/// What goes as bytes, and what as a value.
@Suite struct StandaloneBytesTests {
    private struct Post: Codable, Equatable {
        var text: String
    }

    @Test func onlyCollectionsOfBytesAreBytes() {
        #expect(StandaloneBytes.bytes(of: [1, 2] as [UInt8]) == [1, 2])
        #expect(StandaloneBytes.bytes(of: [] as [UInt8]) == [])
        #expect(StandaloneBytes.bytes(of: ContiguousArray<UInt8>([3])) == [3])
        #expect(StandaloneBytes.bytes(of: "text") == nil)
        #expect(StandaloneBytes.bytes(of: [1, 2]) == nil)
    }

    /// Swift casts an empty array to one of any other type.
    @Test func anEmptyArrayOfSomethingElseIsAValue() throws {
        #expect(StandaloneBytes.bytes(of: [Post]()) == nil)
        #expect(StandaloneBytes.bytes(of: [String]()) == nil)
        #expect(try RPCArguments(encoding: [Post]()) == .values([.array([])]))
        #expect(try RPCArguments(encoding: [UInt8]()) == .bytes([]))
        #expect(throws: DecodingError.self) { try StandaloneBytes.decode([Post].self, from: [] as [UInt8]) }
        #expect(try StandaloneBytes.decode([Post].self, from: .array([])) == [])
        #expect(try StandaloneBytes.decode([UInt8].self, from: [] as [UInt8]) == [])
    }

    @Test func besideOtherArgumentsBytesAreNumbers() throws {
        #expect(try RPCArguments(encoding: [7] as [UInt8], "a") == .values([.array([.number(7)]), .string("a")]))
    }
}
