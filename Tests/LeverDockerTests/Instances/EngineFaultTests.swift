import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// What becomes of instances when somebody else has his hands in the engine.
@Suite("Faults of containers", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct EngineFaultTests {
    @Test("an instance that somebody kills or removes is heard of")
    func killed() async throws {
        try await DockerFixture.run { fixture in
            let killed = try await fixture.shell("exec sleep 1000")
            let container = try #require(try await fixture.container(of: killed))
            try await fixture.engine.request("POST", "/containers/\(container)/kill")
            #expect(await killed.exit() == .signal(9))
            #expect(try await fixture.container(of: killed) == nil)

            let removed = try await fixture.shell("exec sleep 1000")
            let other = try #require(try await fixture.container(of: removed))
            try await fixture.engine.request("DELETE", "/containers/\(other)?force=1")
            let exit = await removed.exit()
            #expect(exit == .signal(9) || exit == .unknown("its container was removed by somebody else"))
        }
    }

    @Test("one that somebody has paused ends when it has to")
    func paused() async throws {
        try await DockerFixture.run { fixture in
            let instance = try await fixture.shell("exec sleep 1000")
            let container = try #require(try await fixture.container(of: instance))
            try await fixture.engine.request("POST", "/containers/\(container)/pause")
            instance.terminate(grace: .milliseconds(100))
            // Some engines let it go on for the first signal.
            #expect([.signal(9), .signal(15)].contains(await instance.exit()))
        }
    }

    @Test("what an earlier run has left is removed, what others have is not")
    func leftovers() async throws {
        let engine = try #require(DockerTestEngine.current)
        let data = try TemporaryFolder()
        defer { data.remove() }
        try await DockerFixture.run { others in
            let other = try await others.shell("exec sleep 1000")
            var configuration = DockerFixture.configuration(engine)
            configuration.dataDirectory = data.path
            // A driver that is never shut down: its host was killed.
            let first = try DockerDriver(configuration: configuration)
            try await first.prepare()
            let left = try await first.start(others.specification(.command(["/bin/sh", "-c", "exec sleep 1000"])))
            #expect(try await others.container(of: left) != nil)
            let second = try DockerDriver(configuration: configuration)
            try await second.prepare()
            #expect(try await others.container(of: left) == nil)
            #expect(try await others.container(of: other) != nil)
            await second.shutdown()
            _ = await left.exit()
            await first.shutdown()
        }
    }

    @Test("an image that cannot be had is named, with what the engine says of it")
    func image() async throws {
        try await DockerFixture.run { fixture in
            let specification = try fixture.specification(.command(["/bin/sh"])) { $0.image = "127.0.0.1:1/none:1" }
            for _ in 1...2 {
                let error = try await #require(throws: RuntimeError.self) {
                    try await fixture.driver.fetch(for: specification) { _ in }
                }
                #expect(error.message.contains("127.0.0.1:1/none:1"))
                #expect(error.message.contains("refused"), "\(error)")
            }
            await #expect(throws: RuntimeError.self) { try await fixture.driver.start(specification) }
        }
        try await DockerFixture.run({ $0.allowsImages = false }) { fixture in
            let specification = try fixture.specification(.command(["/bin/sh"])) { $0.image = "other" }
            let error = try await #require(throws: RuntimeError.self) {
                try await fixture.driver.start(specification)
            }
            #expect(error.message.contains("\"other\" is not allowed"))
        }
    }

    @Test("an image without the entry is named, and leaves nothing behind")
    func entry() async throws {
        try await DockerFixture.run { fixture in
            let specification = try fixture.specification(.command(["no-such-program"])) {
                $0.image = fixture.engine.emptyImage
            }
            let error = try await #require(throws: RuntimeError.self) {
                _ = try await fixture.driver.start(specification).listening()
            }
            #expect(error.message.contains("no-such-program"), "\(error)")
        }
    }

    @Test("a container that the engine does not start holds nobody up at the end", .timeLimit(.minutes(1)))
    func refused() async throws {
        let image = "lever-test-refused"
        // The end would wait this long for an instance that is still known.
        try await DockerFixture.run({ $0.killTimeout = .seconds(600) }) { fixture in
            // An image in which a file is where a folder is mounted: the engine makes a container of it, and cannot start it.
            try fixture.folder.write("tmp", "")
            let ended = try await Program.run(
                "sh",
                [
                    "-c",
                    "tar --create --directory '\(fixture.folder.path)' tmp | curl --silent --fail --data-binary @- "
                        + "--header 'Content-Type: application/x-tar' --unix-socket '\(fixture.engine.socket)' "
                        + "'http://engine/v1.41/images/create?fromSrc=-&repo=\(image)'",
                ])
            try #require(ended.isSuccess, "\(ended.error)")
            let specification = try fixture.specification(.command(["/bin/sh"])) { $0.image = image }
            let error = await #expect(throws: RuntimeError.self) { try await fixture.driver.start(specification) }
            #expect(error?.message.contains("could not be started in the image \(image)") == true, "\(error as Any)")
            try await fixture.engine.request("DELETE", "/images/\(image)")
            // Its name is free again.
            let another = try await fixture.driver.start(fixture.specification(.command(["/bin/sh", "-c", "exit 3"])))
            #expect(await another.exit() == .code(3))
        }
    }

    @Test("a host that is cancelled leaves neither containers nor networks")
    func cancelled() async throws {
        let engine = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        var configuration = DockerFixture.configuration(engine)
        configuration.dataDirectory = folder.path
        let driver = try DockerDriver(configuration: configuration)
        let fixture = DockerFixture(engine: engine, driver: driver, folder: folder)
        try await driver.prepare()
        let instance = try await fixture.shell("exec sleep 1000")
        let container = try #require(try await fixture.container(of: instance))
        let facts = try LeverValue(json: try await engine.request("GET", "/containers/\(container)/json"))
        let network = try #require(facts["HostConfig"]?["NetworkMode"]?.stringValue)
        #expect(try await engine.request("GET", "/networks").contains("\"\(network)\""))
        let end = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await driver.shutdown()
        }
        await end.value
        #expect(try await fixture.container(of: instance) == nil)
        #expect(try await !engine.request("GET", "/networks").contains("\"\(network)\""))
    }

    @Test("an engine that is not there is named")
    func absence() async throws {
        var configuration = DockerDriver.Configuration.defaults
        configuration.engine = "unix:///tmp/no-engine-here.sock"
        let driver = try DockerDriver(configuration: configuration)
        let error = try await #require(throws: RuntimeError.self) { try await driver.prepare() }
        #expect(error.code == .driver)
        #expect(error.message.contains("unix:///tmp/no-engine-here.sock"))
        await #expect(throws: RuntimeError.self) { try await DockerDriver.identifyEngine(configuration) }
    }

    @Test(
        "an engine that is started anew is used again, and what it lost is heard of",
        .enabled(if: DockerTestEngine.restartAbsence == nil, "\(DockerTestEngine.restartAbsence ?? "")"))
    func restart() async throws {
        try await DockerFixture.run { fixture in
            let instance = try await fixture.shell("exec sleep 1000")
            try await fixture.engine.control(.stop)
            let error = try await #require(throws: RuntimeError.self) { _ = try await fixture.shell("exit 0") }
            #expect(error.message.contains("does not answer"), "\(error)")
            try await fixture.engine.control(.start)
            _ = await instance.exit()
            #expect(try await fixture.output(of: "echo again") == ["again"])
        }
    }
}
