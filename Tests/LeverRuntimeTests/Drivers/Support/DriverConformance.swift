import LeverCore
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What every driver that runs commands must do, whatever it runs them in.
enum DriverConformance {
    /// An exit code, output from both streams in order, and waiting after the end.
    static func exitCodeAndOutput(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("echo one; echo two >&2; printf three; exit 7")
        #expect(await instance.exit() == .code(7))
        #expect(await instance.exit() == .code(7))
        #expect(instance.lastOutput(10) == ["one", "two", "three"])
        #expect(instance.lastOutput(2) == ["two", "three"])
        #expect(instance.lastOutput(0) == [])
    }

    /// A signal that an instance gives itself.
    static func signal(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("kill -s SEGV $$")
        #expect(await instance.exit() == .signal(Int(SIGSEGV)))
    }

    /// The working directory is the code; nothing comes in.
    static func workingDirectoryAndInput(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("pwd -P; cat; echo end")
        #expect(await instance.exit() == .code(0))
        #expect(instance.lastOutput(10) == [fixture.code, "end"])
    }

    /// All who wait for an instance that ends before it listens are told.
    static func endBeforeListening(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("echo no; exit 3")
        let error = await #expect(throws: RuntimeError.self) { try await instance.listening() }
        #expect(error?.code == .driver)
        #expect(error?.message.contains("code 3") == true, "\(String(describing: error))")
        #expect(error?.message.contains("dev.lever/hello") == true)
    }

    /// Waiting for an address ends with the task.
    static func cancellation(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("exec sleep 1000")
        let task = Task { try await instance.listening() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        instance.terminate(grace: .zero)
        _ = await instance.exit()
    }

    /// SIGTERM ends an instance with its default.
    static func terminate(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell("exec sleep 1000")
        instance.terminate(grace: .seconds(60))
        #expect(await instance.exit() == .signal(Int(SIGTERM)))
    }

    /// An instance may finish its work within the grace.
    static func gracefulEnd(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell(
            "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
        #expect(try await eventually { instance.lastOutput(1) == ["ready"] })
        instance.terminate(grace: .seconds(60))
        #expect(await instance.exit() == .code(5))
        #expect(instance.lastOutput(1) == ["bye"])
    }

    /// One that ignores SIGTERM is killed after the grace, and at once when the grace is shortened.
    static func stubborn(_ fixture: DriverFixture) async throws {
        for grace: Duration in [.milliseconds(50), .seconds(3600)] {
            let instance = try await fixture.startShell("trap '' TERM; echo ready; while :; do sleep 0.01; done")
            #expect(try await eventually { instance.lastOutput(1) == ["ready"] })
            instance.terminate(grace: grace)
            if grace > .seconds(1) { instance.terminate(grace: .zero) }
            #expect(await instance.exit() == .signal(Int(SIGKILL)))
        }
    }

    /// Entries that cannot be started are refused with a text for the developer.
    static func badEntries(_ fixture: DriverFixture) async throws {
        fixture.write("plain", "#!/bin/sh\n", mode: 0o644)
        fixture.write("garbage", "no program", mode: 0o755)
        fixture.write("orphan", "#!/no/such/interpreter\n", mode: 0o755)
        for (command, words) in [
            (["./missing"], ["./missing", "not in its deployed code"]),
            (["./plain"], ["./plain", "chmod"]),
            (["./garbage"], ["./garbage", "#!"]),
            (["./orphan"], ["./orphan", "interpreter"]),
            (["./"], ["directory"]),
            (["no-such-program-anywhere"], ["no-such-program-anywhere", "PATH"]),
            (["node-not"], ["node-not"]),
            ([""], ["empty"]), ([], ["empty"]),
            (["/bin/echo", "a\0b"], ["NUL"]),
        ] {
            let error = await #expect(throws: RuntimeError.self, "\(command)") {
                _ = try await fixture.driver.start(fixture.specification(command))
            }
            #expect(error?.code == .driver)
            for word in words { #expect(error?.message.contains(word) == true, "\(command): \(error?.message ?? "")") }
        }
    }

    /// Much more output than anything holds neither blocks the instance nor grows the host; the end of it is kept.
    static func flood(_ fixture: DriverFixture) async throws {
        let instance = try await fixture.startShell(
            "i=0; while [ $i -lt 60 ]; do head -c 1000000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; "
                + "yes line | head -n 2000000; printf 'caf\\303\\251 \\377 end\\r\\n'")
        #expect(await instance.exit() == .code(0))
        let lines = instance.lastOutput(10_000)
        #expect(lines.count == 200)
        #expect(lines.last == "café \u{FFFD} end")
        #expect(lines.dropLast().allSatisfy { $0 == "line" })
    }
}
