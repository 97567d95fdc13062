import Foundation
import LeverCore
import Testing

/// The commands for what runs, against a real host.
@Suite("Commands", .timeLimit(.minutes(2))) struct CommandTests {
    @Test func whatRunsIsShownAndChanged() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path)
        #expect(try await host.lever("ls").error == "no services\n")
        #expect(try await host.lever("ls", "--json").output == "[]\n")
        let pruned = try await host.lever("prune")
        #expect(pruned.error == "nothing to remove\n" && pruned.output == "" && pruned.status == 0)
        for version in 1...2 {
            let folder = try ServiceFolder(
                name: "hello", "console.log('starts'); exports.Version = async () => '\(version)';",
                manifest: ["description": "Says hello"])
            #expect(try await host.lever("deploy", "dev.lever", folder.path).status == 0)
        }
        #expect(try await host.lever("invoke", "/hello/r1/Version").output == "\"2\"\n")

        let list = try await host.lever("ls").output.split(separator: "\n")
        #expect(list.count == 2)
        #expect(list[0].hasPrefix("ENVIRONMENT  SERVICE  VERSION  INSTANCES  CALLS  RESOURCES  ACCESS  DESCRIPTION"))
        #expect(list[1].hasSuffix("public  Says hello"), "\(list)")
        let instances = try LeverValue(json: try await host.lever("ps", "--json", "hello").output)
        let instance = try #require(instances[0]?["instance"]?.stringValue)
        #expect(try await host.lever("ps").output.contains("\(instance)  dev.lever/hello        2  ready"))
        #expect(try await host.lever("logs", "hello").output == "starts\nstarts\n")
        #expect(try await host.lever("logs", "--prefix", "hello").output.hasSuffix("\(instance) | starts\n"))
        #expect(try await host.lever("logs", "--instance", instance, "hello").output == "starts\n")
        #expect(try await host.lever("versions", "hello").output.contains("      2  yes   20"))
        let resources = try await host.lever("resource", "ls", "hello")
        #expect(resources.output.contains("r1        active  \(instance)"), "\(resources)")
        #expect(try await host.lever("resource", "where", "hello", "r2").output.contains("r2        inactive"))
        let scaled = try await host.lever("scale", "--max", "3", "hello")
        #expect(scaled.output.contains("  0    3  10.0          0.01  administrator"), "\(scaled)")

        let back = try await host.lever("rollback", "hello")
        #expect(back.output == "version 1 of dev.lever/hello is live\n", "\(back)")
        #expect(try await host.lever("invoke", "/hello/Version").output == "\"1\"\n")
        #expect(try await host.lever("env", "add", "shop.lever").status == 0)
        #expect(
            try await host.lever("env").output
                == "ENVIRONMENT  SERVICES\ndev.lever           1\nshop.lever          0\n")
        #expect(try await host.lever("env", "rm", "shop.lever").output == "removed environment shop.lever\n")
        let events = try await host.lever("events", "--json", "hello").output.split(separator: "\n")
        let kinds = try events.map { try LeverValue(json: String($0))["kind"]?.stringValue ?? "" }
        #expect(kinds.contains("instance-started") && kinds.contains("bounds-set"), "\(kinds)")
        #expect(try await host.lever("rm", "hello").output == "removed service dev.lever/hello\n")
        #expect(try await host.lever("ls", "--json").output == "[]\n")

        let failures: [([String], Int32, String)] = [
            (["ps", "hello"], 3, "no service \"hello\""), (["ps", "a/b/c"], 2, "names no service"),
            (["ls", "no.lever"], 3, "no environment"), (["rm", "hello"], 3, "NOT_FOUND"),
            (["env", "rm", "dev.lever"], 3, "default one"), (["logs", "--lines", "-1", "hello"], 2, "lines"),
            (["scale", "--reset", "--max", "1", "hello"], 2, "--reset"),
            (["resource", "move", "hello"], 2, "resource"),
        ]
        for (arguments, status, text) in failures {
            let result = try await Command.run("lever", arguments, environment: ["LEVEROS_IP_PORT": host.address])
            #expect(result.status == status, "\(arguments) \(result)")
            #expect(result.error.contains(text), "\(arguments) \(result)")
            #expect(result.output.isEmpty)
        }
        host.command.send(SIGTERM)
        #expect(await host.command.end().status == 0)
    }

    @Test func followersEndWithTheHostAndDoNotHoldItUp() async throws {
        let data = try ServiceFolder()
        let host = try await HostProcess.start(data: data.path, ["--shutdown-timeout", "60s"])
        let folder = try ServiceFolder(name: "hello", "console.log('starts');" + Scripts.hello("1"))
        #expect(try await host.lever("deploy", "dev.lever", folder.path).status == 0)
        let environment = ["LEVEROS_IP_PORT": host.address]
        let logs = try Command("lever", ["logs", "-f", "hello"], environment: environment)
        let events = try Command("lever", ["events", "-f"], environment: environment)
        try await wait("both follow") { logs.printed.contains("starts") && events.printed.contains("instance-ready") }
        host.command.send(SIGTERM)
        // With the channels in its way it would take the whole minute.
        try await wait("the host ends", seconds: 30) { !host.command.isRunning }
        #expect(await logs.end().status == 0)
        #expect(await events.end().status == 0)
    }

    @Test func aHostThatIsKilledDuringARemovalHasTheServiceOrNot() async throws {
        let data = try ServiceFolder()
        var wasRemoved = false
        for round in 0..<6 {
            let host = try await HostProcess.start(data: data.path)
            let known = try await host.lever("ls", "--json").output
            // What was acknowledged stays so, and what was not is there as it was, and answers.
            if wasRemoved { #expect(known == "[]\n") }
            if known != "[]\n" {
                let answer = try await host.lever("invoke", "/hello/Version")
                #expect(answer.output == "\"x\"\n", "\(answer.error)")
            } else {
                #expect(!FileManager.default.fileExists(atPath: "\(data.path)/code/dev.lever/hello"))
                let folder = try ServiceFolder(name: "hello", Scripts.hello("x"))
                #expect(try await host.lever("deploy", "dev.lever", folder.path).status == 0)
            }
            let removal = try Command("lever", ["rm", "hello"], environment: ["LEVEROS_IP_PORT": host.address])
            try await Task.sleep(for: .milliseconds(40 * round))
            host.command.send(SIGKILL)
            _ = await host.command.end()
            wasRemoved = await removal.end().status == 0
            try await wait("no instance outlives its host") { HostProcess.instances(of: data.path).isEmpty }
        }
    }
}
