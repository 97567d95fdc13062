import Foundation
import LeverCore
import Testing

/// What instances write, as the command shows it: of instances that run, that have ended, and of earlier runs of the host.
@Suite("Logs", .timeLimit(.minutes(2))) struct LogsTests {
    private static let talker = """
        exports.Say = function (count, callback) {
            console.error("begins");
            for (let i = 1; i <= count; i++) console.log("line " + i);
            console.log("done");
            callback(null, process.env.LEVEROS_INSTANCE_ID);
        };
        """

    private func deploy(_ name: String, to host: HostProcess, environment: String = "dev.lever") async throws {
        let folder = try ServiceFolder(name: name, Self.talker)
        let result = try await host.lever("deploy", environment, folder.path)
        #expect(result.status == 0, "\(result)")
    }

    /// Has a service write lines; gives the instance.
    private func say(_ count: Int, _ service: String, _ host: HostProcess) async throws -> String {
        let result = try await host.lever("invoke", "/\(service)/Say", "\(count)")
        return try #require(try LeverValue(json: result.output).stringValue, "\(result)")
    }

    private func size(_ path: String) -> Int {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return files.reduce(0) { $0 + ((try? bytes(of: "\(path)/\($1)").count) ?? 0) }
    }

    @Test func linesOutliveTheirInstanceAndTheHost() async throws {
        let data = try ServiceFolder()
        let first = try await HostProcess.start(data: data.path)
        try await deploy("talker", to: first)
        let instance = try await say(3_000, "talker", first)
        let all = ["begins"] + (1...3_000).map { "line \($0)" } + ["done"]
        func lines(_ host: HostProcess, _ arguments: String...) async throws -> [String] {
            let result = try await Command.run(
                "lever", ["logs"] + arguments, environment: ["LEVEROS_IP_PORT": host.address])
            #expect(result.status == 0 && result.error.isEmpty, "\(arguments): \(result.error)")
            return result.output.split(separator: "\n").map(String.init)
        }
        // What the pipe still holds comes a moment after the answer.
        try await wait("all is there, far more than the memory holds") {
            try await lines(first, "--lines", "5000", "talker") == all
        }
        // It is on the disk a moment later, whatever becomes of the host.
        let folder = "\(data.path)/logs/dev.lever/talker"
        try await wait("it is written") {
            try bytes(of: "\(folder)/1.log").suffix(6) == Array(" done\n".utf8)
        }
        first.command.send(SIGKILL)
        _ = await first.command.end()

        let host = try await HostProcess.start(data: data.path)
        #expect(try await lines(host, "--since", "1h", "talker") == all)
        #expect(try await lines(host, "talker") == all.suffix(100))
        #expect(try await lines(host, "--lines", "2", "--prefix", "talker").last == "\(instance) | done")
        #expect(try await lines(host, "--since", "1ms", "talker").isEmpty)
        let second = try await say(2, "talker", host)
        #expect(second != instance)
        try await wait("both are there") {
            try await lines(host, "--lines", "5", "talker") == ["done", "begins", "line 1", "line 2", "done"]
        }
        #expect(try await lines(host, "--instance", instance, "--lines", "5000", "talker") == all)
        #expect(try await lines(host, "--instance", second, "talker").count == 4)

        // All services of an environment, and of no other.
        try await deploy("other", to: host)
        try await deploy("foreign", to: host, environment: "shop.lever")
        _ = try await say(1, "other", host)
        try await wait("the other one's are there, too") {
            try await lines(host, "--lines", "2") == ["line 1", "done"]
        }
        let last = try LeverValue(json: try #require(try await lines(host, "--json", "--lines", "1").last))
        #expect(last["service"] == "other" && last["line"] == "done" && last["time"] != nil, "\(last)")
        #expect(try await lines(host, "--env", "shop.lever").isEmpty)

        #expect(try await host.lever("rm", "talker").status == 0)
        #expect(!exists(folder))
        #expect(try await lines(host).allSatisfy { ["begins", "line 1", "done"].contains($0) })
        let unknown = try await host.lever("logs", "--instance", instance, "other")
        #expect(unknown.status == 3 && unknown.error.contains(instance), "\(unknown)")
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
        // What was written until the end is there.
        #expect(size("\(data.path)/logs/dev.lever/other") > 0)
    }

    @Test func whatIsKeptHasABound() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path, ["--max-service-logs", "64KiB"])
        try await deploy("talker", to: host)
        _ = try await say(50_000, "talker", host)
        try await wait("the last is written") {
            try await host.lever("logs", "--lines", "1", "talker").output == "done\n"
        }
        #expect(size("\(data.path)/logs/dev.lever/talker") <= 64 << 10)
        let kept = try await host.lever("logs", "--lines", "100000", "talker")
        let numbers = kept.output.split(separator: "\n").dropLast().compactMap { Int($0.dropFirst(5)) }
        #expect(numbers.count > 300 && numbers == numbers.sorted() && numbers.last == 50_000)
        // Those in between that are missing are counted.
        let missing = kept.error.matches(of: /lever: (\d+) lines are missing here/).compactMap { Int($0.1) }
        #expect(numbers.count + missing.reduce(0, +) == 50_000 - (numbers.first ?? 0) + 1)
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)

        let without = try await HostProcess.start(data: data.path, ["--max-service-logs", "0"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(data.path)/logs").isEmpty)
        without.command.send(SIGTERM)
        #expect(await without.command.end().status == 0)
        for (arguments, word) in [
            (["--max-service-logs", "1KiB"], "logs.bytesPerService"), (["--max-logs", "1MiB"], "logs.bytes"),
            (["--max-logs", "much"], "max-logs"),
        ] {
            let run = try await Command.run("leveroshost", ["--data-dir", "\(data.path)/never"] + arguments)
            #expect(run.status != 0 && run.error.contains(word), "\(arguments): \(run.error)")
        }
    }
}
