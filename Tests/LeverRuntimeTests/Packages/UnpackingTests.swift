import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Packages are unpacked")
struct UnpackingTests {
    /// Packs a directory with a program and unpacks it.
    private func unpack(
        _ script: String, limits: PackageLimits = .defaults, _ check: (String) throws -> Void
    ) async throws {
        try await TestStore.with(limits: limits) { test in
            let source = "\(test.path)/../source"
            try TestFiles.shell("mkdir '\(source)'", in: "/")
            try TestFiles.shell(script, in: source)
            let unpacked = try await test.unpack(TestFiles.read("\(source)/../out.tgz"))
            #expect(unpacked.manifest.name.rawValue == "hello")
            try check(unpacked.path)
        }
    }

    private static let files = """
        umask 022
        printf '{"name": "hello"}' > lever.json
        printf '#!/bin/sh' > serve; chmod 4755 serve
        mkdir -p lib/deep node_modules/.bin node_modules/tool; printf x > lib/deep/naïve.txt; chmod 600 lib/deep/naïve.txt
        mkdir empty; chmod 750 empty; : > nothing
        printf tool > node_modules/tool/cli.js; ln -s ../tool/cli.js node_modules/.bin/tool
        long=$(printf 'd%.0s' $(seq 90)); mkdir -p $long/$long; printf long > $long/$long/file
        head -c 200000 /dev/urandom > random

        """

    @Test(
        "as the programs of the world write them",
        arguments: [
            "tar czf ../out.tgz *", "tar czf ../out.tgz .", "tar --format=ustar -czf ../out.tgz *",
            "tar --format=pax -czf ../out.tgz .", "tar --format=oldgnu -czf ../out.tgz *",
            "python3 -c 'import tarfile; t = tarfile.open(\"../out.tgz\", \"w:gz\"); t.add(\".\"); t.close()'",
            "python3 -c 'import os, tarfile; t = tarfile.open(\"../out.tgz\", \"w:gz\", format=tarfile.GNU_FORMAT); "
                + "[t.add(name) for name in os.listdir(\".\")]; t.close()'",
        ])
    func real(pack: String) async throws {
        try await unpack(Self.files + pack) { (tree: String) throws in
            #expect(TestFiles.mode("\(tree)/serve") == 0o555)
            #expect(TestFiles.mode("\(tree)/lib/deep/naïve.txt") == 0o400)
            #expect(TestFiles.mode("\(tree)/lib") == 0o555)
            #expect(TestFiles.mode("\(tree)/empty") == 0o550)
            #expect(try TestFiles.read("\(tree)/node_modules/.bin/tool") == Array("tool".utf8))
            #expect(try TestFiles.read("\(tree)/nothing").isEmpty)
            let long = String(repeating: "d", count: 90)
            #expect(try TestFiles.read("\(tree)/\(long)/\(long)/file") == Array("long".utf8))
            #expect(try TestFiles.read("\(tree)/random") == TestFiles.read("\(tree)/../../../source/random"))
        }
    }

    @Test("old ones without directories and without a magic word")
    func old() async throws {
        try await unpack("printf '{\"name\": \"hello\"}' > lever.json; tar --format=v7 -czf ../out.tgz lever.json") {
            tree in
            #expect(TestFiles.names(tree) == ["lever.json"])
        }
    }

    @Test("hard links within the archive become one file")
    func hardLinks() async throws {
        let script =
            "printf '{\"name\": \"hello\"}' > lever.json; printf x > a; ln a b; tar czf ../out.tgz lever.json a b"
        try await unpack(script) { (tree: String) throws in
            #expect(try TestFiles.read("\(tree)/b") == Array("x".utf8))
        }
    }

    @Test("pieces of any size make the same package", arguments: [1, 7, 511, 1 << 20])
    func pieces(size: Int) async throws {
        try await TestStore.with { test in
            let bytes = TestStore.package("x")
            let package = try await test.upload(bytes, pieces: size)
            #expect(package.size == bytes.count)
            #expect(try await test.store.unpack(package).manifest.entry == .javaScript("main.js"))
        }
    }

    @Test(
        "several gzip members are one text, and what follows them is passed over",
        arguments: [
            [], [0], [0, 0, 0, 0], Array("garbage".utf8), [0x1F],
        ] as [[UInt8]])
    func members(trailer: [UInt8]) async throws {
        var tar = TarBuilder()
        tar.addManifest()
        tar.add("file", content: Array(repeating: 7, count: 5000))
        let whole = tar.bytes + [UInt8](repeating: 0, count: 1024)
        let bytes = TarBuilder.gzip(Array(whole[..<700])) + TarBuilder.gzip([]) + TarBuilder.gzip(Array(whole[700...]))
        try await TestStore.with { test in
            let unpacked = try await test.unpack(bytes + trailer)
            #expect(try TestFiles.read("\(unpacked.path)/file").count == 5000)
        }
    }

    @Test("sizes in base 256, names from pax, a global header, and the end left out")
    func exotic() async throws {
        var tar = TarBuilder()
        tar.addPax([("comment", "of git archive")], kind: "g")
        tar.addManifest()
        tar.addPax([("path", "dir/ünï"), ("size", "5"), ("mtime", "1.5"), ("SCHILY.xattr.user.x", "a=b\nc")])
        tar.add("short", content: Array("12345".utf8), size: "00000000000")
        var large = TarBuilder()
        large.add("base256", content: Array("abc".utf8))
        large.bytes.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 10) + [3])
        TarBuilder.seal(&large.bytes)
        tar.bytes += large.bytes
        tar.add("./././deep//./file", content: [1])
        tar.add("dir/", kind: "\u{0}", mode: 0o700, magic: "")
        tar.add("link", kind: "2", target: "dir/../base256", size: "00000000777")
        try await TestStore.with { test in
            let unpacked = try await test.unpack(TarBuilder.gzip(tar.bytes))
            #expect(try TestFiles.read("\(unpacked.path)/dir/ünï") == Array("12345".utf8))
            #expect(try TestFiles.read("\(unpacked.path)/link") == Array("abc".utf8))
            #expect(try TestFiles.read("\(unpacked.path)/deep/file") == [1])
            #expect(TestFiles.mode("\(unpacked.path)/dir") == 0o500)
        }
    }

    @Test("names that differ only in how Unicode composes them are different files")
    func composition() async throws {
        var tar = TarBuilder()
        tar.addManifest()
        tar.add("\u{E9}", content: [1])
        tar.add("e\u{301}", content: [2])
        try await TestStore.with { test in
            let path = try await test.unpack(tar.packed()).path
            #expect(try TestFiles.read("\(path)/\u{E9}") == [1])
            #expect(try TestFiles.read("\(path)/e\u{301}") == [2])
        }
    }
}
