import DockerTestSupport
import Foundation
import LeverCore
import LeverDocker
import LeverTesting
import Synchronization
import Testing

/// Images that come from a registry, which is a real one for the engine.
@Suite("Images that are pulled", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct PullTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test("one that is missing is pulled once, all who wait hear how far it is, and it goes when nobody needs it")
    func pull() async throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (port, layers) = ("\(folder.path)/port", "\(folder.path)/layers")
        try await Program.whileRunning(
            "/usr/bin/env", ["python3", "\(PacketWorld.programs)/registry.py", port, layers]
        ) {
            let registry = "127.0.0.1:\(try String(contentsOfFile: port, encoding: .utf8))"
            let image = "\(registry)/lever/pulled:1"
            try await DockerFixture.run { fixture in
                let specification = try fixture.specification(.command(["/content"])) { $0.image = image }
                let driver = fixture.driver
                let heard = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 1...2 {
                        group.addTask {
                            let lines = Lines()
                            try await driver.fetch(for: specification) { lines.add($0) }
                            return lines.all
                        }
                    }
                    return try await group.reduce(into: [[String]]()) { $0.append($1) }
                }
                for heard in heard {
                    let isProgress = { (line: String) in
                        line.hasPrefix("pulling \(image): ") && line.hasSuffix(" of 4.0 MB")
                    }
                    #expect(heard.contains(where: isProgress), "\(heard)")
                    #expect(heard.last == "pulled \(image)")
                }
                func pulls() throws -> Int {
                    try String(contentsOfFile: layers, encoding: .utf8).split(separator: "\n").count
                }
                #expect(try pulls() == 1)
                // It is there: nobody is asked, and nothing is said.
                try await fixture.driver.fetch(for: specification) { Issue.record("\($0)") }
                #expect(try pulls() == 1)
                let kept = [specification.service: [specification.manifest]]
                #expect(try await fixture.driver.prune(keeping: kept) == [])
                #expect(try await fixture.driver.prune(keeping: [:]) == ["image \(image)"])
                // Removed behind the driver's back, as far as it knows: it is asked for again.
                try await fixture.driver.fetch(for: specification) { _ in }
                #expect(try pulls() == 2)
                #expect(try await fixture.driver.prune(keeping: [:]) == ["image \(image)"])
            }
        }
    }
}
