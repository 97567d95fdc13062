import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// Containers that are made ahead.
@Suite("Spares of containers", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct DockerSpareTests {
    private static let main = "exports.interfaces = (callback) => callback(null, 1);\n"

    @Test("one stands still until it is wanted, and is the instance then")
    func resume() async throws {
        try await DockerFixture.run { fixture in
            try fixture.folder.write("main.js", Self.main)
            let specification = try fixture.specification(.javaScript("main.js")) { $0.internet = false }
            let spare = try await fixture.driver.makeSpare(specification)
            let container = try #require(try await fixture.container(of: spare))
            func isPaused() async throws -> Bool? {
                let facts = try LeverValue(
                    json: try await fixture.engine.request("GET", "/containers/\(container)/json"))
                return facts["State"]?["Paused"]?.boolValue
            }
            #expect(try await isPaused() == true)
            let instance = try await fixture.driver.start(specification)
            #expect(instance.id == spare.id)
            #expect(try await isPaused() == false)
            #expect(instance.startPhases.map(\.name) == ["resume"])
            _ = try await instance.listening()
            instance.terminate(grace: .seconds(30))
            #expect(await instance.exit() == .code(0))
            #expect(await spare.exit() == .code(0))
        }
    }

    @Test("one that is dropped, or of another version, ends")
    func drop() async throws {
        try await DockerFixture.run { fixture in
            try fixture.folder.write("main.js", Self.main)
            let dropped = try fixture.specification(.javaScript("main.js")) { $0.internet = false }
            let first = try await fixture.driver.makeSpare(dropped)
            fixture.driver.dropSpare(first.id)
            #expect(await first.exit() == .signal(9))

            var next = try fixture.specification(.javaScript("main.js")) { $0.internet = false }
            let old = try await fixture.driver.makeSpare(next)
            next.version = 2
            let instance = try await fixture.driver.start(next)
            #expect(await old.exit() == .signal(9))
            #expect(instance.startPhases.contains { $0.name == "create" })
        }
    }

    @Test("one that somebody has let go on is none any more: another instance takes its place and its name")
    func letGoByOthers() async throws {
        try await DockerFixture.run { fixture in
            try fixture.folder.write("main.js", Self.main)
            let specification = try fixture.specification(.javaScript("main.js")) { $0.internet = false }
            let spare = try await fixture.driver.makeSpare(specification)
            let container = try #require(try await fixture.container(of: spare))
            try await fixture.engine.request("POST", "/containers/\(container)/unpause")
            let instance = try await fixture.driver.start(specification)
            #expect(instance.startPhases.contains { $0.name == "create" })
            #expect(await spare.exit() == .signal(9))
            #expect(try await fixture.container(of: instance) != container)
            _ = try await instance.listening()
        }
    }
}
