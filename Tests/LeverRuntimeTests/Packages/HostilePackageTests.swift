import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Hostile packages")
struct HostilePackageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let message: String
        let build: @Sendable (inout TarBuilder) -> Void

        init(_ description: String, _ message: String, _ build: @escaping @Sendable (inout TarBuilder) -> Void) {
            testDescription = description
            self.message = message
            self.build = build
        }
    }

    /// Expects that a package is refused with a message, and that nothing of it is left.
    private func expectRefusal(
        _ bytes: [UInt8], _ message: String, limits: PackageLimits = .defaults,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await TestStore.with(limits: limits) { test in
            let error = await #expect(throws: RuntimeError.self, sourceLocation: sourceLocation) {
                try await test.unpack(bytes)
            }
            #expect(error?.code == .package, sourceLocation: sourceLocation)
            #expect(
                error?.message.contains(message) == true, "\(error.map { "\($0)" } ?? "")",
                sourceLocation: sourceLocation)
            #expect(test.leftovers == [], sourceLocation: sourceLocation)
            #expect(
                TestFiles.names("\(test.path)/..") == ["data"], "something was written outside",
                sourceLocation: sourceLocation)
        }
    }

    static let badNames = [
        Case("absolute", "\"/etc/passwd\" has an absolute name") { $0.add("/etc/passwd") },
        Case("up", "\"../evil\" has \"..\"") { $0.add("../evil") },
        Case("up within", "\"a/../../evil\" has \"..\"") { $0.add("a/../../evil") },
        Case("up in a prefix", "\"../evil/x\" has \"..\"") { $0.add("x", prefix: "../evil") },
        Case("up by pax", "has \"..\"") {
            $0.addPax([("path", "../evil")]); $0.add("fine")
        },
        Case("up by a long name", "has \"..\"") {
            $0.add("L", kind: "L", content: Array("../evil\0".utf8)); $0.add("fine")
        },
        Case("no name", "has no name") { $0.add("./") },
        Case("zero byte", "holds a zero byte") {
            $0.addPax([("path", "a\u{0}b")]); $0.add("fine")
        },
        Case("no UTF-8", "is not UTF-8") { $0.add("", rawName: [0x66, 0xFF, 0x66]) },
        Case("long part", "more than 255 bytes") {
            $0.addPax([("path", String(repeating: "x", count: 256))]); $0.add("f")
        },
        Case("long name", "more than 1024 bytes") {
            $0.addPax([("path", String(repeating: "xxxxxxx/", count: 129))])
            $0.add("f")
        },
        Case("deep", "more than 64 directories deep") {
            $0.addPax([("path", String(repeating: "d/", count: 65) + "f")])
            $0.add("f")
        },
        Case("twice", "\"./a\" appears twice") {
            $0.add("a"); $0.add("./a")
        },
        Case("file over directory", "\"a\" appears twice") {
            $0.add("a/", kind: "5"); $0.add("a")
        },
        Case("directory over file", "\"a/\" appears twice") {
            $0.add("a"); $0.add("a/", kind: "5")
        },
        Case("file in a file", "lies in \"a\", which is no directory") {
            $0.add("a"); $0.add("a/b")
        },
    ]

    static let badKinds = [
        Case("character device", "\"null\" is a device") { $0.add("null", kind: "3") },
        Case("block device", "is a device") { $0.add("sda", kind: "4") },
        Case("named pipe", "is a named pipe") { $0.add("pipe", kind: "6") },
        Case("sparse", "is a sparse file") { $0.add("holes", kind: "S") },
        Case("sparse by pax", "sparse file") {
            $0.addPax([("GNU.sparse.major", "1")]); $0.add("holes")
        },
        Case("unknown", "has the unknown type 'Z'") { $0.add("what", kind: "Z") },
        Case("link up", "\"l\" is a link to \"..\", which leads out") { $0.add("l", kind: "2", target: "..") },
        Case("absolute link", "leads out") { $0.add("l", kind: "2", target: "/etc") },
        Case("deep link up", "leads out") { $0.add("a/b/l", kind: "2", target: "../../../x") },
        Case("empty link", "target is empty") { $0.add("l", kind: "2") },
        Case("links that combine", "leads out") {
            $0.add("a/b/up", kind: "2", target: "../..")
            $0.add("l", kind: "2", target: "a/b/up/../x")
        },
        Case("links in a circle", "in a circle") {
            $0.add("a", kind: "2", target: "b")
            $0.add("b", kind: "2", target: "a")
        },
        Case("through a link", "lies in \"l\", which is no directory") {
            $0.add("d/", kind: "5")
            $0.add("l", kind: "2", target: "d")
            $0.add("l/evil")
        },
        Case("through a link over a directory", "appears twice") {
            $0.add("d/f")
            $0.add("d", kind: "2", target: "..")
        },
        Case("lever.json as a link", "no file lever.json") { builder in
            builder = TarBuilder()
            builder.add("other.json", content: Array(#"{"name": "hello"}"#.utf8))
            builder.add("lever.json", kind: "2", target: "other.json")
        },
        Case("hard link out", "has \"..\"") { $0.add("l", kind: "1", target: "../../lock") },
        Case("absolute hard link", "absolute name") { $0.add("l", kind: "1", target: "/etc/passwd") },
        Case("hard link to a link", "which is no file of the archive") {
            $0.add("s", kind: "2", target: "lever.json")
            $0.add("l", kind: "1", target: "s")
        },
        Case("hard link to nothing", "which is no file of the archive") { $0.add("l", kind: "1", target: "later") },
    ]

    static let damaged = [
        Case("checksum", "\"x\" has a wrong checksum") {
            $0.add("x"); $0.bytes[$0.bytes.count - 512 + 101] ^= 1
        },
        Case("size no number", "\"x\" has a malformed size") { $0.add("x", size: "12x4") },
        Case("negative size", "malformed size") { builder in
            var other = TarBuilder()
            other.add("x")
            other.bytes.replaceSubrange(124..<136, with: [UInt8](repeating: 0xFF, count: 12))
            TarBuilder.seal(&other.bytes)
            builder.bytes += other.bytes
        },
        Case("size beyond all", "malformed size") { builder in
            var other = TarBuilder()
            other.add("x")
            other.bytes.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xFF, count: 11))
            TarBuilder.seal(&other.bytes)
            builder.bytes += other.bytes
        },
        Case("more claimed than there", "cut off") { $0.add("x", size: "00000100000") },
        Case("pax length", "pax header is malformed") { $0.add("p", kind: "x", content: Array("99 path=x\n".utf8)) },
        Case("pax short length", "pax header is malformed") {
            $0.add("p", kind: "x", content: Array("2 path=x\n".utf8))
        },
        Case("pax negative size", "pax header is malformed") { $0.addPax([("size", "-1")]) },
        Case("pax for all", "global pax header") { $0.addPax([("path", "x")], kind: "g") },
        Case("huge long name", "header of 8388608 bytes") { $0.add("L", kind: "L", size: "00040000000") },
    ]

    @Test("names", arguments: badNames) func names(_ hostile: Case) async throws { try await refuse(hostile) }
    @Test("kinds", arguments: badKinds) func kinds(_ hostile: Case) async throws { try await refuse(hostile) }
    @Test("damages", arguments: damaged) func damages(_ hostile: Case) async throws { try await refuse(hostile) }

    private func refuse(_ hostile: Case) async throws {
        var builder = TarBuilder()
        builder.addManifest()
        hostile.build(&builder)
        try await expectRefusal(builder.packed(), hostile.message)
    }

    @Test("archives of nothing, of something else, and without a manifest")
    func nothing() async throws {
        try await expectRefusal(TarBuilder().packed(), "empty archive")
        try await expectRefusal(TarBuilder.gzip([]), "empty archive")
        try await expectRefusal(Array("PK\u{3}\u{4} a zip archive".utf8), "no gzip archive")
        try await expectRefusal([0x1F, 0x8B], "cut off")
        try await expectRefusal(TarBuilder.gzip(Array(repeating: 0x41, count: 2048)), "wrong checksum")
        var tar = TarBuilder()
        tar.add("hello/lever.json", content: Array(#"{"name": "hello"}"#.utf8))
        try await expectRefusal(tar.packed(), "no file lever.json at its top")
        tar = TarBuilder()
        tar.add("lever.json/", kind: "5")
        try await expectRefusal(tar.packed(), "lever.json in the package is no file")
    }

    @Test("a malformed manifest is told as the manifest's error")
    func manifest() async throws {
        for text in ["{", "[]", "{}", #"{"name": "x"}"#] {
            var tar = TarBuilder()
            tar.add("lever.json", content: Array(text.utf8))
            try await TestStore.with { test in
                let error = await #expect(throws: RuntimeError.self) { try await test.unpack(tar.packed()) }
                #expect(error?.code == .invalidInput)
                #expect(test.leftovers == [])
            }
        }
    }

    @Test("every limit stops a package")
    func limits() async throws {
        var limits = PackageLimits()
        limits.unpackedBytes = 1 << 20
        limits.entries = 10
        limits.manifestBytes = 100
        var bomb = TarBuilder()
        bomb.addManifest()
        bomb.add("zeros", content: Array(repeating: 0, count: 20 << 20))
        let small = bomb.packed()
        #expect(small.count < 100_000)
        try await expectRefusal(small, "more than 1048576 bytes", limits: limits)

        // Zeros behind the archive's end are no way round it.
        var padded = TarBuilder()
        padded.addManifest()
        padded.bytes += Array(repeating: 0, count: 20 << 20)
        try await expectRefusal(padded.packed(), "more than 1048576 bytes", limits: limits)

        var many = TarBuilder()
        for index in 0..<11 { many.add("file\(index)") }
        try await expectRefusal(many.packed(), "more than 10 entries", limits: limits)

        // Directories that no entry names count, too.
        var deep = TarBuilder()
        deep.add("a/b/c/d/e/f/g/h/i/j/k")
        try await expectRefusal(deep.packed(), "more than 10 entries", limits: limits)

        var large = TarBuilder()
        large.add("lever.json", content: Array(repeating: UInt8(ascii: " "), count: 101))
        try await expectRefusal(large.packed(), "lever.json has 101 bytes", limits: limits)
    }

    @Test("links that are costly to follow are refused in time")
    func costlyLinks() async throws {
        var tar = TarBuilder()
        tar.addManifest()
        let back = String(repeating: "d/../", count: 19)
        for index in 0..<6000 { tar.add("l\(index)", kind: "2", target: back + "l\(index / 2 + 6000)") }
        for index in 6000..<12000 { tar.add("l\(index)", kind: "2", target: back + "l\(index + 1)") }
        try await expectRefusal(tar.packed(), "links")
    }

    @Test("a package cut off anywhere is refused, or whole but for what gzip passes over")
    func truncation() async throws {
        var tar = TarBuilder()
        tar.addManifest()
        var generator = SystemRandomNumberGenerator()
        tar.add("random", content: (0..<3000).map { _ in UInt8.random(in: 0...255, using: &generator) })
        tar.addPax([("path", "a/long/name")])
        tar.add("x", content: Array("text".utf8))
        let bytes = tar.packed()
        try await TestStore.with { test in
            for count in Array(stride(from: 1, to: bytes.count, by: 37)) + Array((bytes.count - 20)..<bytes.count) {
                let error = await #expect(throws: RuntimeError.self, "cut at \(count) of \(bytes.count)") {
                    try await test.unpack(Array(bytes[..<count]))
                }
                #expect(error?.code == .package)
            }
            #expect(test.leftovers == [])
            _ = try await test.unpack(bytes)
        }
    }

    @Test("a flipped bit anywhere is refused or harmless, and leaves nothing outside")
    func flips() async throws {
        let text = String(repeating: "abc", count: 500)
        let bytes = TestStore.package(text)
        try await TestStore.with { test in
            for index in bytes.indices {
                var damaged = bytes
                damaged[index] ^= 1 << UInt8(index % 8)
                do {
                    let unpacked = try await test.unpack(damaged)
                    // The gzip header's time and system mean nothing, and other compressed bytes can stand for the same text.
                    let content = try TestFiles.read("\(unpacked.path)/main.js")
                    #expect(content == Array(text.utf8), "byte \(index)")
                    try await test.store.discard(unpacked)
                } catch let error as RuntimeError {
                    #expect(error.code == .package)
                }
            }
            #expect(test.leftovers == [])
        }
    }

    @Test("a malformed archive within sound gzip is refused or harmless")
    func archiveFlips() async throws {
        var tar = TarBuilder()
        tar.addManifest()
        tar.add("file", content: [1, 2, 3])
        try await TestStore.with { test in
            for index in stride(from: 0, to: tar.bytes.count, by: 7) {
                var damaged = tar.bytes
                damaged[index] ^= 0x15
                do {
                    try await test.store.discard(test.unpack(TarBuilder.gzip(damaged)))
                } catch let error as RuntimeError {
                    #expect([.package, .invalidInput].contains(error.code), "\(error)")
                }
            }
            #expect(test.leftovers == [])
        }
    }
}
