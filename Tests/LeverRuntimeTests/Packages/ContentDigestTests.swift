import Testing

@testable import LeverRuntime

/// The examples of FIPS 180-4, and pieces.
@Suite("SHA-256") struct ContentDigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func knownTexts(text: String, digest: String) {
        #expect(ContentDigest.of(Array(text.utf8)) == digest)
    }

    @Test func piecesAreOneText() {
        let whole = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let pieces = ContentDigest()
        for start in stride(from: 0, to: whole.count, by: 777) {
            pieces.update(Array(whole[start..<min(start + 777, whole.count)]))
            pieces.update([])
        }
        #expect(pieces.finish() == ContentDigest.of(whole))
    }
}
