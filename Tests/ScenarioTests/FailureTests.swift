import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Instances that fail", .timeLimit(.minutes(2))) struct FailureTests {
    @Test func crashEndsTheCallAndTheNextOneIsServed() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let error = await #expect(throws: RPCError.self) { _ = try await host.call("Die") }
            #expect(error?.code == .unavailable)
            #expect(error?.reason == .instanceDied)
            #expect(error?.message.hasSuffix("died during the call: it exited with code 3") == true, "\(error as Any)")
            try await wait("another instance answers") { (try? await host.call("Version")) == "1" }

            // Over HTTP it is 502.
            let curl = try await Command.run(
                "curl",
                [
                    "-sS", "-i", "-X", "POST", "-H", "Content-Type: application/json", "-d", "[]",
                    "http://\(host.address)/hello/Die",
                ])
            #expect(curl.output.hasPrefix("HTTP/1.1 502"), "\(curl.output) \(curl.error)")
            #expect(curl.output.lowercased().contains("lever-error: platform"))
            #expect(curl.output.contains("\"code\":\"UNAVAILABLE\""))
            #expect(curl.output.contains("died during the call: it exited with code 3"))
        }
    }

    @Test func serviceThatAlwaysCrashesIsHeldBackAndSaysWhy() async throws {
        try await EmbeddedHost.with { host in
            let marker = try ServiceFolder()
            _ = try await host.deploy(
                """
                const fs = require("fs");
                if (fs.existsSync("\(marker.path)/broken")) throw new Error("the database is gone");
                \(Scripts.hello("1"))
                """)
            try marker.write("", to: "broken")
            _ = try? await host.call("Die")
            var error: RPCError?
            try await wait("a call fails for want of an instance") {
                do {
                    _ = try await host.call("Version")
                } catch let failure as RPCError where failure.reason == .startFailed {
                    error = failure
                } catch {}
                return error != nil
            }
            #expect(error?.message.contains("the database is gone") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains("next attempt in") == true)
            try FileManager.default.removeItem(atPath: "\(marker.path)/broken")
            try await wait("it recovers") { (try? await host.call("Version")) == "1" }
        }
    }

    @Test func queueIsBoundedWhileAnInstanceStarts() async throws {
        try await EmbeddedHost.with({
            $0.calls.waitingPerService = 5
            $0.scaling.policy.idleTime = .milliseconds(100)
            $0.scaling.policy.maxIdleTime = .milliseconds(100)
            $0.scaling.interval = .milliseconds(20)
        }) { host in
            // Slow to start, but not at its deployment.
            let marker = try ServiceFolder()
            _ = try await host.deploy(
                """
                const fs = require("fs");
                if (fs.existsSync("\(marker.path)/slow")) { const end = Date.now() + 1500; while (Date.now() < end) {} }
                \(Scripts.hello("1"))
                """)
            try marker.write("", to: "slow")
            let data = host
            let outcomes = Shared<[String]>([])
            // The idle instance is gone at some time: then calls wait.
            try await wait("calls are refused") {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            do {
                                _ = try await data.call("Version")
                                outcomes.change { $0.append("ok") }
                            } catch let error as RPCError {
                                outcomes.change { $0.append(error.reason?.token ?? "\(error)") }
                            } catch {}
                        }
                    }
                }
                try await Task.sleep(for: .milliseconds(300))
                return outcomes.value.contains("queue-full")
            }
            #expect(Set(outcomes.value) == ["ok", "queue-full"])
        }
    }

    @Test func idleInstanceStopsAndComesBack() async throws {
        try await EmbeddedHost.with({
            $0.scaling.idleTimeout = .milliseconds(300)
            $0.scaling.interval = .milliseconds(50)
        }) { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let first = try #require(try await host.call("Pid").intValue)
            try await wait("it stops") { kill(pid_t(first), 0) != 0 }
            let second = try #require(try await host.call("Pid").intValue)
            #expect(second != first)
        }
    }

    @Test func methodsOwnErrorIsNoPlatformError() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let error = await #expect(throws: RemoteError.self) { _ = try await host.call("Fail") }
            #expect(error?.value == ["code": 7, "why": "no"])
            let missing = await #expect(throws: RPCError.self) { _ = try await host.call("Nothing") }
            #expect(missing?.code == .unimplemented)
        }
    }

    @Test func instancesCallThroughTheirOwnGateway() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(
                """
                exports.Secret = function (callback) { callback(null, "for friends"); };
                """, name: "vault", manifest: ["private": true])
            _ = try await host.deploy(
                """
                const leveros = require("leveros");
                const client = new leveros.Client();
                exports.Ask = async function (environment) {
                    return await client.service(environment, "vault").invoke("Secret");
                };
                exports.Deploy = async function () {
                    return await client.service("admin.lever", "admin").invoke("ListServices");
                };
                """)
            #expect(try await host.call("Ask", "dev.lever") == "for friends")
            let url = try LeverURL("lever://dev.lever/vault/Secret")
            let error = await #expect(throws: RPCError.self) { _ = try await host.client.call(url, .values([])) }
            #expect(error?.reason == .privateService)
            // Services do not administer.
            await #expect(throws: (any Error).self) { _ = try await host.call("Deploy") }

            // A service of another environment is as far away as anybody.
            let folder = try ServiceFolder(
                name: "hello",
                """
                const leveros = require("leveros");
                exports.Ask = async function () {
                    return await new leveros.Client().service("dev.lever", "vault").invoke("Secret");
                };
                """)
            _ = try await host.client.deploy(folder.path, to: try EnvironmentName("other.lever"))
            let stranger = try await Self.reply(host.client, "lever://other.lever/hello/Ask")
            guard case .error = stranger else {
                Issue.record("another environment's service got \(stranger)")
                return
            }
        }
    }

    /// A reply, or the error of the platform as one.
    private static func reply(_ client: LeverClient, _ url: String) async throws -> RPCReply {
        do {
            return try await client.call(try LeverURL(url), .values([]))
        } catch let error as RPCError {
            return .error(.string(error.message))
        }
    }
}
