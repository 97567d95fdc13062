import LeverCore
import LeverTesting
import Logging
import Synchronization
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is particular to instances that are local processes.
@Suite struct ProcessDriverTests {
    @Test func processorTimeCountsWhatTheInstanceStarted() async throws {
        try await DriverFixture.runProcess { _ in
        } _: { fixture in
            let instance = try await fixture.startShell("sh -c 'while :; do :; done' & wait")
            defer { instance.terminate(grace: .zero) }
            for _ in 0..<1_000 where (instance.processorTime() ?? .zero) < .milliseconds(100) {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect((instance.processorTime() ?? .zero) >= .milliseconds(100))
        }
    }

    @Test func environmentIsExactlyThatOfThePlatformAndTheAllowList() async throws {
        try await DriverFixture.runProcess {
            $0.environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
        } _: { fixture in
            let id = DriverFixture.newID()
            let instance = try await fixture.driver.start(
                fixture.specification(
                    ["env"], id: id, config: ["greeting": "hé\"llo", "n": [1, nil]], version: 7,
                    gateway: "127.0.0.1:9999"))
            #expect(await instance.exit() == .code(0))
            var variables: [String: String] = [:]
            for line in instance.lastOutput(100) {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                variables[String(parts[0])] = String(parts[1])
            }
            let listen = try #require(variables["LEVEROS_LISTEN"])
            variables["LEVEROS_LISTEN"] = nil
            #expect(listen.hasPrefix("unix:/") && listen.utf8.count <= 5 + 103)
            #expect(
                variables.removeValue(forKey: "LEVEROS_RUN_ID") == (fixture.driver as? ProcessDriver)?.run)
            #expect(
                variables == [
                    "LEVEROS_ENVIRONMENT": "dev.lever", "LEVEROS_SERVICE": "hello", "LEVEROS_INSTANCE_ID": id,
                    "LEVEROS_CODE_VERSION": "7", "LEVEROS_INTERNAL_ENV_SUFFIX": ".lever",
                    "LEVEROS_INTERNAL_RPC_GATEWAY": "127.0.0.1:9999",
                    "LEVEROS_CONFIG": #"{"greeting":"hé\"llo","n":[1,null]}"#,
                    "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8",
                ])
        }
    }

    @Test func configThatNoEnvironmentTakesIsRefused() async throws {
        try await DriverFixture.runProcess { fixture in
            let error = await #expect(throws: RuntimeError.self) {
                _ = try await fixture.driver.start(
                    fixture.specification(["env"], config: .string(String(repeating: "x", count: 200_000))))
            }
            #expect(error?.message.contains("200002 bytes") == true)
        }
    }

    @Test func childrenInOtherSessionsEndWithTheInstance() async throws {
        try await DriverFixture.runProcess { fixture in
            let id = DriverFixture.newID()
            let instance = try await fixture.startShell(
                "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.01; done' & setsid setsid sleep 100000 & "
                    + "env -i sleep 100000 & echo ready; wait", id: id)
            #expect(try await eventually { processes(marked: "LEVEROS_INSTANCE_ID=\(id)").count >= 4 })
            instance.terminate(grace: .milliseconds(20))
            _ = await instance.exit()
            #expect(processes(marked: "LEVEROS_INSTANCE_ID=\(id)") == [])
        }
    }

    @Test func whatAnInstanceLeavesWhenItEndsByItselfIsKilled() async throws {
        try await DriverFixture.runProcess { fixture in
            let id = DriverFixture.newID()
            let instance = try await fixture.startShell(
                "setsid sleep 100000 & sleep 100000 & exit 0", id: id)
            #expect(await instance.exit() == .code(0))
            #expect(processes(marked: "LEVEROS_INSTANCE_ID=\(id)") == [])
        }
    }

    /// A script that does not `exec` its server ends at SIGTERM; the server still gets its time.
    @Test func serverOfAScriptHasItsGrace() async throws {
        try await DriverFixture.runProcess { fixture in
            fixture.write(
                "server",
                "#!/bin/sh\ntrap 'sleep 0.2; echo drained; exit 0' TERM\necho up\nwhile :; do sleep 0.01; done\n"
            )
            let instance = try await fixture.startShell("./server; echo never")
            #expect(try await eventually { instance.lastOutput(1) == ["up"] })
            instance.terminate(grace: .seconds(60))
            #expect(await instance.exit() == .signal(Int(SIGTERM)))
            #expect(instance.lastOutput(1) == ["drained"])
        }
    }

    @Test func instanceHasNoDescriptorOfTheHost() async throws {
        try await DriverFixture.runProcess { fixture in
            // Not close-on-exec, as a careless part of an embedding program might open it.
            let descriptor = open("/dev/null", O_RDONLY)
            defer { close(descriptor) }
            let instance = try await fixture.driver.start(fixture.specification(["ls", "/proc/self/fd"]))
            #expect(await instance.exit() == .code(0))
            // 3 is that of `ls` itself.
            #expect(instance.lastOutput(100) == ["0", "1", "2", "3"])
        }
    }

    @Test func signalsAreAtTheirDefaults() async throws {
        signal(SIGPIPE, SIG_IGN)
        try await DriverFixture.runProcess { fixture in
            let instance = try await fixture.startShell("grep -E 'SigBlk|SigIgn' /proc/self/status")
            #expect(await instance.exit() == .code(0))
            let masks = instance.lastOutput(10).compactMap { $0.split(separator: "\t").last }.map {
                UInt64($0, radix: 16)
            }
            // Signals 32 and 33 are the C library's own, and mean nothing to a program.
            #expect(masks.count == 2 && masks.allSatisfy { $0.map { $0 & ~0x1_8000_0000 } == 0 }, "\(masks)")
        }
    }

    @Test func memoryModeIsSaidOnce() async throws {
        let log = LogLines()
        let driver = try ProcessDriver(logger: Logger(label: "test") { _ in log })
        try await DriverFixture.run(driver) { fixture in
            for _ in 0..<3 { _ = await (try await fixture.startShell("exit 0")).exit() }
        }
        #expect(log.lines.filter { $0.contains("memory of instances is") }.count == 1, "\(log.lines)")
    }

    @Test func misuseIsAnError() async throws {
        let driver = try ProcessDriver()
        let specification = try DriverFixture(driver: driver, code: "/tmp").specification(["true"])
        await #expect(throws: RuntimeError.self) { _ = try await driver.start(specification) }
        try await driver.prepare()
        await #expect(throws: RuntimeError.self) { try await driver.prepare() }
        await driver.shutdown()
        await driver.shutdown()
        let error = await #expect(throws: RuntimeError.self) {
            _ = try await driver.start(specification)
        }
        #expect(error?.code == .stopped)
    }

    @Test(arguments: [
        ("environment", "LEVEROS_SERVICE"), ("environment", "A=B"), ("lines", ""), ("length", ""),
        ("time", ""),
    ])
    func badConfigurationIsRefused(_ what: String, _ name: String) {
        var configuration = ProcessDriver.Configuration.defaults
        switch what {
        case "environment": configuration.environment[name] = "x"
        case "lines": configuration.outputLines = 0
        case "length": configuration.outputLineLength = 1
        default: configuration.killTimeout = .zero
        }
        let error = #expect(throws: RuntimeError.self) {
            _ = try ProcessDriver(configuration: configuration)
        }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func runtimeDirectoryThatIsTooLongOrMissingIsRefused() async throws {
        for directory in [
            "/tmp/" + String(repeating: "x", count: 90), "/no/such/directory", "relative",
        ] {
            var configuration = ProcessDriver.Configuration.defaults
            configuration.runtimeDirectory = directory
            let driver = try ProcessDriver(configuration: configuration)
            let error = await #expect(throws: RuntimeError.self) { try await driver.prepare() }
            #expect(error?.message.contains(directory) == true)
        }
    }

    @Test func shutdownEndsEverything() async throws {
        let driver = try ProcessDriver()
        var ids: [String] = []
        try await DriverFixture.run(driver) { fixture in
            for _ in 0..<20 {
                ids.append(DriverFixture.newID())
                _ = try await fixture.startShell(
                    "trap '' TERM; setsid sleep 100000 & wait; sleep 100000", id: ids[ids.count - 1])
            }
        }
        #expect(processes(marked: driver.run) == [])
    }
}

/// Collects what is logged.
private final class LogLines: LogHandler, Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }

    func log(event: LogEvent) {
        state.withLock { $0.append("\(event.message)") }
    }
}
