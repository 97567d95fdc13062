import DockerTestSupport
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// What an instance may do, asked from inside.
@Suite("Confinement", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct ConfinementTests {
    @Test("an instance is nobody, without rights")
    func rights() async throws {
        try await DockerFixture.run { fixture in
            let lines = try await fixture.output(
                of: "id -u; id -g; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
            #expect(lines.prefix(2) == ["65534", "65534"])
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(lines.contains("\(set):\t0000000000000000"), "\(lines)")
            }
            #expect(lines.contains("NoNewPrivs:\t1"))
            #expect(lines.contains("Seccomp:\t2"))
        }
    }

    @Test("it writes nowhere but to a bounded /tmp and a folder for its socket")
    func files() async throws {
        try await DockerFixture.run({ $0.temporaryBytes = 1 << 20 }) { fixture in
            let lines = try await fixture.output(
                of: """
                    for folder in / /lever /lever/code /lever/gateway /usr /etc /dev; do
                        touch $folder/file 2>/dev/null && echo "$folder can be written"
                    done
                    head -c 900000 /dev/zero > /tmp/file && echo some
                    head -c 900000 /dev/zero > /tmp/other || echo full
                    head -c 900000 /dev/zero > /lever/run/file || echo small
                    i=0; while [ $i -lt 100 ] && touch /lever/run/$i; do i=$((i+1)); done 2>/dev/null
                    [ $i -lt 100 ] && echo few
                    """)
            #expect(lines.filter { !$0.contains("No space left") } == ["some", "full", "small", "few"])
        }
    }

    @Test("memory that is not there ends an instance, and that is said")
    func memory() async throws {
        try await DockerFixture.run { fixture in
            let instance = try await fixture.shell("tail /dev/zero") { $0.ram = 20 }
            #expect(await instance.exit() == .outOfMemory)
        }
    }

    @Test("processes and processors are bounded")
    func processes() async throws {
        try await DockerFixture.run({ $0.processes = 20 }) { fixture in
            let idle = try await fixture.shell("exec sleep 1000") { $0.cpus = 0.5 }
            let container = try #require(try await fixture.container(of: idle))
            let facts = try LeverValue(json: try await fixture.engine.request("GET", "/containers/\(container)/json"))
            #expect(facts["HostConfig"]?["NanoCpus"] == 500_000_000)
            let instance = try await fixture.shell("i=0; while [ $i -lt 40 ]; do sleep 1000 & i=$((i+1)); done")
            // The shell ends when it cannot make another one.
            #expect(await instance.exit() != .code(0))
            #expect(instance.lastOutput(200).contains { $0.contains("fork") }, "\(instance.lastOutput(20))")
        }
    }

    @Test("without the internet JavaScript has no network at all, and its socket all the same")
    func noNetwork() async throws {
        try await DockerFixture.run { fixture in
            try fixture.folder.write("main.js", "exports.interfaces = (callback) => callback(null, 1);\n")
            let instance = try await fixture.driver.start(
                fixture.specification(.javaScript("main.js")) { $0.internet = false })
            let address = try await instance.listening()
            guard case .unix = address.endpoint else {
                Issue.record("it listens on \(address.endpoint)")
                return
            }
            #expect(address.gateway == "unix:/lever/gateway/gateway.sock")
            #expect(address.usesSDK)
            let container = try #require(try await fixture.container(of: instance))
            let facts = try LeverValue(json: try await fixture.engine.request("GET", "/containers/\(container)/json"))
            #expect(facts["HostConfig"]?["NetworkMode"] == "none")
            #expect(instance.startPhases.map(\.name).suffix(2) == ["create", "start"])
        }
    }

    @Test("a link in place of the socket leads the host nowhere")
    func link() async throws {
        try await DockerFixture.run { fixture in
            // On the host this name is the engine's own socket.
            let instance = try await fixture.shell(
                "ln -s \(fixture.engine.socket) /lever/run/instance.sock; echo made; exec sleep 1000")
            try await fixture.wait(for: "made", of: instance)
            let listening = Task { try await instance.listening() }
            // Long after it has looked many times.
            try await Task.sleep(for: .milliseconds(300))
            listening.cancel()
            await #expect(throws: CancellationError.self) { try await listening.value }
        }
    }

    @Test("a program that cannot be told where to listen is found on its port")
    func port() async throws {
        try await DockerFixture.run { fixture in
            try fixture.folder.write(
                "serve",
                "#!/usr/bin/env node\nrequire('http2').createServer().listen(3837, '0.0.0.0');\n", mode: 0o755)
            let instance = try await fixture.driver.start(fixture.specification(.command(["./serve"])))
            let address = try await instance.listening()
            guard case .tcp(_, let port) = address.endpoint else {
                Issue.record("it listens on \(address.endpoint)")
                return
            }
            #expect(port == 3837)
            #expect(!address.usesSDK && !address.holdsPort)
        }
    }
}
