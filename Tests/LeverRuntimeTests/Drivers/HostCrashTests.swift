import LeverCore
import LeverTesting
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Nothing that a host started is alive after it, however it ended: with a real process that is killed.
@Suite(.serialized) struct HostCrashTests {
    /// A running helper.
    private struct Helper {
        var pid: pid_t
        var output: Int32

        /// The helper lies beside the test program.
        static func start(dataDirectory: String, mode: String) throws -> Helper {
            var buffer = [CChar](repeating: 0, count: 4096)
            let length = readlink("/proc/self/exe", &buffer, buffer.count)
            let program = String(
                decoding: buffer[..<max(0, length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let slash = try #require(program.lastIndex(of: "/"))
            let pipe = try Descriptor.pipe()
            defer { close(pipe.writer) }
            let path = program[..<slash] + "/DriverCrashHelper"
            let spawn = ProcessSpawn(
                path: String(path), arguments: ["helper", dataDirectory, "/tmp", mode],
                environment: ["PATH=/usr/local/bin:/usr/bin:/bin"], directory: "/tmp", output: pipe.writer)
            return Helper(pid: try spawn.start().get(), output: pipe.reader)
        }

        /// Waits until it has started its first instances.
        func waitUntilStarted() async throws {
            Descriptor.setNonBlocking(output)
            var text = ""
            let isStarted = try await eventually {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = read(output, &buffer, buffer.count)
                if count > 0 { text += String(decoding: buffer[..<count], as: UTF8.self) }
                return text.contains("started")
            }
            try #require(isStarted, "\(text)")
        }

        /// All that it started, told by their arguments, so that those without environment count.
        func offspring() -> [Int32] {
            ProcessTable.read().processes.map(\.pid).filter {
                fileContents("/proc/\($0)/cmdline").contains("100000.\(pid)") && isAlive($0)
            }
        }

        func kill() {
            ProcessSignals.send(SIGKILL, toGroup: pid)
            var status: Int32 = 0
            waitpid(pid, &status, 0)
            close(output)
        }
    }

    /// The directory of the sockets of one of these processes.
    private func runtimeDirectory(marked mark: String) throws -> String {
        let listen = try #require(
            processes(marked: mark).first.flatMap { ProcessTable.variable("LEVEROS_LISTEN", of: $0) })
        return String(listen.dropFirst(5).prefix(upTo: try #require(listen.lastIndex(of: "/"))))
    }

    private func withDataDirectory(_ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/lever-data-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        try await body(path)
    }

    @Test(arguments: ["once", "on", "on", "on"])
    func nothingOutlivesAKilledHost(_ mode: String) async throws {
        try await withDataDirectory { data in
            let helper = try Helper.start(dataDirectory: data, mode: mode)
            try await helper.waitUntilStarted()
            let mark = "LEVEROS_RUN_ID=\(RunName.prefix(dataDirectory: data))"
            #expect(processes(marked: mark).count >= 6)
            let directory = try runtimeDirectory(marked: mark)
            helper.kill()
            #expect(try await eventually { processes(marked: mark).isEmpty })
            // What an instance starts at the last moment would show a little later.
            #expect(try await eventually { access(directory, F_OK) != 0 })
            #expect(processes(marked: mark) == [])
            #expect(helper.offspring() == [])
        }
    }

    @Test func nextRunEndsWhatAKilledHostAndItsReaperLeft() async throws {
        try await withDataDirectory { data in
            let mark = "LEVEROS_RUN_ID=\(RunName.prefix(dataDirectory: data))"
            let helper = try Helper.start(dataDirectory: data, mode: "once")
            try await helper.waitUntilStarted()
            // The host first stops, so that it cannot start another reaper.
            kill(helper.pid, SIGSTOP)
            let reapers = ProcessTable.read().processes.filter {
                $0.parent == helper.pid && fileContents("/proc/\($0.pid)/cmdline").contains("lever-reaper")
            }
            #expect(reapers.count == 1)
            for reaper in reapers { kill(reaper.pid, SIGKILL) }
            helper.kill()
            let directory = try runtimeDirectory(marked: mark)
            #expect(access(directory, F_OK) == 0)

            var configuration = ProcessDriver.Configuration.defaults
            configuration.dataDirectory = data
            let stranger = try ProcessDriver()
            try await DriverFixture.run(stranger) { fixture in
                let id = DriverFixture.newID()
                let instance = try await fixture.startShell("exec sleep 100000", id: id)
                let next = try ProcessDriver(configuration: configuration)
                #expect(helper.offspring().count >= 6)
                try await next.prepare()
                #expect(helper.offspring() == [])
                #expect(processes(marked: mark) == [])
                #expect(processes(marked: "LEVEROS_INSTANCE_ID=\(id)").count == 1)
                #expect(access(directory, F_OK) != 0)
                await next.shutdown()
                instance.terminate(grace: .zero)
                _ = await instance.exit()
            }
        }
    }

    @Test func reaperThatIsKilledIsReplaced() async throws {
        let driver = try ProcessDriver()
        try await DriverFixture.run(driver) { fixture in
            let first = try #require(driver.reaperPID)
            let instance = try await fixture.startShell("exec sleep 100000")
            kill(first, SIGKILL)
            #expect(try await eventually { driver.reaperPID.map { $0 != first && isAlive($0) } ?? false })
            let second = try await fixture.startShell("exit 4")
            #expect(await second.exit() == .code(4))
            instance.terminate(grace: .zero)
            #expect(await instance.exit() == .signal(Int(SIGKILL)))
        }
        #expect(driver.reaperPID == nil)
    }
}
