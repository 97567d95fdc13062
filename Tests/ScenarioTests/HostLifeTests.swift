import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// The host's own beginning and end, as a real process.
@Suite("A host's life", .timeLimit(.minutes(5))) struct HostLifeTests {
    @Test func killedHostLosesNothingAcknowledgedAndLeavesNothingHalf() async throws {
        let data = try ServiceFolder()
        var acknowledged = 0
        var lostInARow = 0
        for round in 1...50 {
            let host = try await HostProcess.start(data: data.path)
            // What was acknowledged is live and answers; a version after it may have become live just before the end.
            if acknowledged > 0, round % 5 == 0 {
                let answer = try await host.lever("invoke", "lever://dev.lever/hello/Version")
                let version = Int(answer.output.filter(\.isNumber)) ?? 0
                #expect(version >= acknowledged, "round \(round): \(answer.output) \(answer.error)")
            }
            let folder = try ServiceFolder(name: "hello", Scripts.hello("\(round)"))
            let deploy = try Command(
                "lever", ["deploy", "dev.lever", folder.path], environment: ["LEVEROS_IP_PORT": host.address])
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...(200 + 50 * lostInARow))))
            host.command.send(SIGKILL)
            _ = await host.command.end()
            if await deploy.end().status == 0 {
                acknowledged = round
                lostInARow = 0
            } else {
                // On a slow machine it would otherwise never come as far as an acknowledgement.
                lostInARow += 1
            }
            try await wait("no instance outlives its host") { HostProcess.instances(of: data.path).isEmpty }
        }
        #expect(acknowledged > 0, "no deployment was ever acknowledged: the test says nothing")
        let host = try await HostProcess.start(data: data.path)
        let answer = try await host.lever("invoke", "lever://dev.lever/hello/Version")
        #expect((Int(answer.output.filter(\.isNumber)) ?? 0) >= acknowledged, "\(answer.output) \(answer.error)")
        // One more works, and whatever was cut off is gone.
        let last = try ServiceFolder(name: "hello", Scripts.hello("51"))
        #expect(try await host.lever("deploy", "dev.lever", last.path).status == 0)
        #expect(try await host.lever("invoke", "lever://dev.lever/hello/Version").output == "\"51\"\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(data.path)/uploads").isEmpty)
        let known = try await host.lever("invoke", "lever://admin.lever/admin/ListServices")
        let versions = try LeverValue(json: Array(known.output.utf8))[0]?["versions"]?.arrayValue?.compactMap(
            \.intValue)
        let code = try FileManager.default.contentsOfDirectory(atPath: "\(data.path)/code/dev.lever/hello")
        #expect(Set(code) == Set((versions ?? []).map { "\($0)" }))
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
    }

    @Test func secondHostOnTheDirectoryIsRefused() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path)
        let second = try await Command.run("leveroshost", ["--listen", "127.0.0.1:0", "--data-dir", data.path])
        #expect(second.status == 1)
        #expect(second.error.contains(data.path), "\(second.error)")
        #expect(second.error.contains("\(host.command.pid)"), "\(second.error)")
        host.command.send(SIGINT)
        #expect(await host.command.end().status == 0)
    }

    @Test func takenAddressIsNamed() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path)
        let other = try ServiceFolder()
        let second = try await Command.run("leveroshost", ["--listen", host.address, "--data-dir", other.path])
        #expect(second.status == 1)
        #expect(second.error.contains(host.address) && second.error.contains("hold it"), "\(second.error)")
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
    }

    @Test func callInProgressFinishesBeforeTheEnd() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path)
        let folder = try ServiceFolder(name: "hello", Scripts.hello("1"))
        #expect(try await host.lever("deploy", "dev.lever", folder.path).status == 0)
        let slow = try Command(
            "lever", ["invoke", "lever://dev.lever/hello/Slow", "2000"], environment: ["LEVEROS_IP_PORT": host.address])
        try await Task.sleep(for: .milliseconds(700))
        host.command.send(SIGTERM)
        let answer = await slow.end()
        #expect(answer.output == "\"1\"\n", "\(answer.error)")
        #expect(await host.command.end().status == 0)
        #expect(HostProcess.instances(of: data.path).isEmpty)
    }

    @Test func secondSignalEndsAtOnce() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path, ["--shutdown-timeout", "60s"])
        let folder = try ServiceFolder(name: "hello", Scripts.hello("1"))
        #expect(try await host.lever("deploy", "dev.lever", folder.path).status == 0)
        let slow = try Command(
            "lever", ["invoke", "lever://dev.lever/hello/Slow", "50000"], environment: ["LEVEROS_IP_PORT": host.address]
        )
        try await wait("the call is on its way") { host.command.isRunning && slow.isRunning }
        try await Task.sleep(for: .milliseconds(700))
        host.command.send(SIGTERM)
        try await wait("it is ending") { host.command.complained.contains("host ends") }
        #expect(host.command.isRunning)
        host.command.send(SIGTERM)
        #expect(await host.command.end().status != 0)
        _ = await slow.end()
        try await wait("no instance outlives its host") { HostProcess.instances(of: data.path).isEmpty }
    }

    @Test func unusableSettingsAreNamed() async throws {
        for (arguments, word) in [
            (["--listen", "nonsense"], "nonsense"), (["--idle-timeout", "soon"], "soon"),
            (["--max-upload", "big"], "big"),
            (["--driver", "docker"], "docker"), (["--config", "/nowhere.json"], "/nowhere.json"),
            (["--log-format", "xml"], "xml"), (["--threads", "0"], "threads"), (["--bogus"], "bogus"),
        ] {
            let run = try await Command.run("leveroshost", arguments)
            #expect(run.status != 0)
            #expect(run.error.contains(word), "\(arguments): \(run.error)")
        }
    }

    @Test func settingsComeFromFlagThenVariableThenFile() async throws {
        let data = try ServiceFolder([
            "lever.json": #"{"listen": "127.0.0.1:1", "log-format": "json", "idle-timeout": "2m"}"#
        ])
        let host = try Command(
            "leveroshost", ["--listen", "127.0.0.1:0", "--config", "\(data.path)/lever.json"],
            environment: ["LEVEROSHOST_DATA_DIR": "\(data.path)/data", "LEVEROSHOST_LISTEN": "nonsense"])
        try await wait("it listens") { host.complained.contains("\"host listens\"") }
        for line in host.complained.split(separator: "\n") {
            #expect((try? LeverValue(json: Array(line.utf8)))?["time"] != nil, "no JSON: \(line)")
        }
        #expect(exists("\(data.path)/data/lever.sqlite"))
        host.send(SIGTERM)
        #expect(await host.end().status == 0)
    }
}
