import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

extension DriverConformance {
    static let output = [
        check("an exit code is reported to all who ask, with the output of both streams") { prepared in
            let instance = try await prepared.startShell("echo one; echo two >&2; printf three; exit 7")
            for _ in 1...2 { try expect(await instance.exit(), is: .code(7), "exit") }
            let lines = instance.lastOutput(10)
            // Each stream is in order; between them some drivers know none.
            try expect(lines.filter { $0 != "two" }, is: ["one", "three"], "standard output")
            try expect(lines.count, is: 3, "lines of both streams, which are \(lines)")
            try expect(instance.lastOutput(2), is: Array(lines.suffix(2)), "last two lines")
            try expect(instance.lastOutput(0), is: [], "no lines")
        },
        check("much more output than anything holds does not block, and the end of it is kept") { prepared in
            let instance = try await prepared.startShell(
                "i=0; while [ $i -lt 60 ]; do head -c 1000000 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done; "
                    + "yes line | head -n 2000000; printf 'caf\\303\\251 \\377 end\\r\\n'")
            try expect(await instance.exit(), is: .code(0), "exit")
            let lines = instance.lastOutput(10_000)
            try expect(lines.count, is: 200, "lines kept")
            try expect(lines.last, is: "café \u{FFFD} end", "last line")
            try expect(lines.dropLast().allSatisfy { $0 == "line" }, "the lines before it are others")
        },
        check("the working directory is the code, and nothing comes in") { prepared in
            try prepared.code.write("here", "this is the code\n", mode: 0o644)
            let instance = try await prepared.startShell("cat ./here; cat; echo end")
            try expect(await instance.exit(), is: .code(0), "exit")
            try expect(instance.lastOutput(10), is: ["this is the code", "end"], "output")
        },
    ]

    static let listening = [
        check("who waits for an instance that ends before it listens is told how it ended") { prepared in
            let instance = try await prepared.startShell("echo no; exit 3")
            let error = try await expect(throwing: RuntimeError.self) { _ = try await instance.listening() }
            try expect(error.code, is: .driver, "code of \(error)")
            for word in ["code 3", "dev.lever/hello"] {
                try expect(error.message.contains(word), "\"\(error.message)\" does not name \(word)")
            }
        },
        check("waiting for an address ends with the task") { prepared in
            let instance = try await prepared.startShell("exec sleep 1000")
            let task = Task { _ = try await instance.listening() }
            task.cancel()
            try await expect(throwing: CancellationError.self) { try await task.value }
            instance.terminate(grace: .zero)
            _ = await instance.exit()
        },
    ]

    static let ends = [
        check("a signal that an instance gives itself is reported") { prepared in
            let instance = try await prepared.startShell("kill -s SEGV $$")
            try expect(await instance.exit(), is: .signal(Int(SIGSEGV)), "exit")
        },
        check("terminating ends an instance that does nothing about it") { prepared in
            let instance = try await prepared.startShell("exec sleep 1000")
            instance.terminate(grace: .seconds(60))
            try expect(await instance.exit(), is: .signal(Int(SIGTERM)), "exit")
        },
        check("an instance may finish its work within the grace") { prepared in
            let instance = try await prepared.startShell(
                "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.01; done")
            try await prepared.wait(for: "ready", of: instance)
            instance.terminate(grace: .seconds(60))
            try expect(await instance.exit(), is: .code(5), "exit")
            try expect(instance.lastOutput(1), is: ["bye"], "last line")
        },
        check("one that ignores the signal is killed after the grace, and at once when that is shortened") { prepared in
            for grace: Duration in [.milliseconds(50), .seconds(3600)] {
                let instance = try await prepared.startShell("trap '' TERM; echo ready; while :; do sleep 0.01; done")
                try await prepared.wait(for: "ready", of: instance)
                instance.terminate(grace: grace)
                if grace > .seconds(1) { instance.terminate(grace: .zero) }
                try expect(await instance.exit(), is: .signal(Int(SIGKILL)), "exit after \(grace)")
            }
        },
        check("shutting down leaves no instance alive") { prepared in
            let instance = try await prepared.startShell("trap '' TERM; echo ready; while :; do sleep 0.01; done")
            try await prepared.wait(for: "ready", of: instance)
            await prepared.driver.shutdown()
            try expect(await instance.exit(), is: .signal(Int(SIGKILL)), "exit")
        },
    ]

    static let starts = [
        check("entries that cannot be started are refused with a text for the developer") { prepared in
            try prepared.code.write("plain", "#!/bin/sh\n", mode: 0o644)
            try prepared.code.write("garbage", "no program", mode: 0o755)
            try prepared.code.write("orphan", "#!/no/such/interpreter\n", mode: 0o755)
            for (command, words) in [
                (["./missing"], ["./missing", "not in its deployed code"]),
                (["./plain"], ["./plain", "chmod"]),
                (["./garbage"], ["./garbage", "#!"]),
                (["./orphan"], ["./orphan", "interpreter"]),
                (["./"], ["directory"]),
                (["no-such-program-anywhere"], ["no-such-program-anywhere", "PATH"]),
                ([""], ["empty"]), ([], ["empty"]),
                (["/bin/echo", "a\0b"], ["NUL"]),
            ] {
                // What an image lacks, some drivers hear only from what they have started in it.
                let error = try await expect(throwing: RuntimeError.self) {
                    let instance = try await prepared.driver.start(prepared.specification(command))
                    _ = try await instance.listening()
                }
                try expect(error.code, is: .driver, "code for \(command)")
                for word in words {
                    try expect(error.message.contains(word), "\(command): \"\(error.message)\" does not name \(word)")
                }
            }
        },
        check("instances that start at the same time are all started") { prepared in
            let exits = try await withThrowingTaskGroup(of: InstanceExit.self) { group in
                for code in 0..<10 {
                    group.addTask { try await prepared.startShell("exit \(code)").exit() }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            try expect(exits, is: Set((0..<10).map { InstanceExit.code($0) }), "exits")
        },
    ]

    static let handover = [
        check(
            "a driver that no earlier run has left anything to hands nothing on, and starts instances as ever",
            preparing: { driver in
                try expect(try await driver.prepareAdopting(), is: [], "leftovers")
                try await driver.removeLeftovers()
            }
        ) { prepared in
            try expect(await prepared.startShell("exit 4").exit(), is: .code(4), "exit")
        },
        check(
            "an instance that was not handed on cannot be taken over",
            preparing: { _ = try await $0.prepareAdopting() }
        ) { prepared in
            for time in [nil, 1_700_000_000.5] {
                let error = try await expect(throwing: RuntimeError.self) {
                    _ = try await prepared.driver.adopt(
                        prepared.specification(["/bin/sh", "-c", "exec sleep 1000"]), writtenAfter: time)
                }
                try expect(error.code, is: .driver, "code of \(error)")
            }
            try await prepared.driver.removeLeftovers()
            try expect(await prepared.startShell("exit 4").exit(), is: .code(4), "exit")
        },
        check("a spare that ends before it listens is reported, and dropping what is not there does nothing") {
            prepared in
            let specification = try prepared.specification(["/bin/sh", "-c", "echo no; exit 3"])
            prepared.driver.dropSpare(specification.id)
            let error = try await expect(throwing: RuntimeError.self) {
                _ = try await prepared.driver.makeSpare(specification)
            }
            try expect(error.code, is: .driver, "code of \(error)")
            // Where the driver makes spares at all.
            if prepared.driver.makesSpares {
                try expect(error.message.contains("code 3"), "\"\(error.message)\" does not say how it ended")
            }
            prepared.driver.dropSpare(specification.id)
            try expect(await prepared.driver.start(specification).exit(), is: .code(3), "exit")
        },
    ]
}
