import LeverCore
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@Suite("The data directory")
struct DataDirectoryTests {
    @Test("is made with its parts, for its owner alone")
    func layout() async throws {
        try await withTemporaryDirectory { directory in
            let data = try DataDirectory("\(directory)/a/b/data")
            defer { data.close() }
            #expect(data.path.hasSuffix("/a/b/data"))
            #expect(TestFiles.names(data.path) == ["code", "lock", "logs", "packages", "run", "uploads"])
            for folder in [data.path, data.code, data.logs, data.packages, data.uploads, data.runtime] {
                #expect(TestFiles.mode(folder) == 0o700)
            }
            let id = try ServiceID(environment: EnvironmentName("shop.example"), service: ServiceName("hello"))
            #expect(data.codeDirectory(of: 3, of: id) == "\(data.path)/code/shop.example/hello/3")
            #expect(data.catalogPath == "\(data.path)/lever.sqlite")
        }
    }

    @Test("serves one host at a time, and names the other")
    func lock() async throws {
        try await withTemporaryDirectory { directory in
            let first = try DataDirectory("\(directory)/data")
            let error = #expect(throws: RuntimeError.self) { try DataDirectory("\(directory)/data") }
            #expect(error?.code == .dataDirectory)
            #expect(error?.message.contains("\(directory)/data") == true)
            #expect(error?.message.contains("process \(getpid())") == true, "\(String(describing: error))")
            first.close()
            let second = try DataDirectory("\(directory)/data")
            second.close()
        }
    }

    @Test("that cannot be made is refused with its path", arguments: ["/proc/lever", "", "file", "file/data"])
    func unusable(name: String) async throws {
        try await withTemporaryDirectory { directory in
            try TestFiles.write([1], to: "\(directory)/file")
            let path = name.hasPrefix("file") ? "\(directory)/\(name)" : name
            let error = #expect(throws: RuntimeError.self) { try DataDirectory(path) }
            #expect(error?.code == .dataDirectory)
            // Of "file/data" the part that is in the way is named.
            let named = name == "file/data" ? "\(directory)/file" : path
            #expect(error?.message.contains(named.isEmpty ? "is empty" : named) == true, "\(String(describing: error))")
        }
    }

    @Test("without a path is temporary and goes at the end")
    func temporary() throws {
        let data = try DataDirectory(nil)
        #expect(data.catalogPath == nil)
        #expect(TestFiles.exists(data.code))
        data.close()
        #expect(!TestFiles.exists(data.path))
    }

    @Test("has safe and different folders for every name")
    func folders() {
        let long = String(repeating: "é", count: 255)
        let names = [
            "hello", "Hello", ".hello", "%2Ehello", "..a", "a b", "a%20b", "héllo", "a\\b", "...", "a:b", long,
            long + "x",
            String(repeating: "a", count: 200), String(repeating: "a", count: 201), String(repeating: "a", count: 255),
        ]
        let folders = names.map(FolderName.encode)
        #expect(Set(folders).count == names.count)
        #expect(FolderName.encode("he-llo_1.2") == "he-llo_1.2")
        #expect(FolderName.encode("..a") == "%2E.a")
        for folder in folders {
            #expect(folder.utf8.count <= 255)
            #expect(!folder.hasPrefix("."))
            #expect(folder.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") })
        }
    }
}
