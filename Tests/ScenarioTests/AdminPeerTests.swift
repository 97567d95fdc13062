import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import NIOCore
import Testing

/// Who may use the administration: callers on the machine, and those whose addresses the host was told. An address of the machine
/// that is not loopback's stands for another machine.
@Suite("Peers of the administration", .timeLimit(.minutes(2))) struct AdminPeerTests {
    /// An address of this machine under which its callers do not look local.
    private static let own: String? = (try? System.enumerateDevices())?.lazy.compactMap(\.address).filter { address in
        if case .v4 = address { true } else { false }
    }.compactMap(\.ipAddress).first { !$0.hasPrefix("127.") }

    /// Asks for the services over RPC and over HTTP, under an address; gives the reason and the status.
    private func ask(_ host: EmbeddedHost, at address: String) async throws -> (RPCError.Reason?, String) {
        let port = try #require(host.address.split(separator: ":").last)
        var reason: RPCError.Reason?
        do {
            _ = try await LeverClient(host: "\(address):\(port)").admin().services()
        } catch let error as RPCError {
            reason = error.reason
        }
        let url = "http://\(address):\(port)/admin/ListServices?forceenv=admin.lever"
        let curl = try await Command.run(
            "curl",
            ["-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/json", "-d", "[]", url])
        return (reason, curl.output)
    }

    @Test(.enabled(if: own != nil)) func onlyThoseThatTheHostWasToldMayAdminister() async throws {
        let own = try #require(Self.own)
        try await EmbeddedHost.with({ $0.listen = "0.0.0.0:0" }) { host in
            let answer = try await ask(host, at: own)
            #expect(answer.0 == .forbidden && answer.1 == "403")
            let local = try await ask(host, at: "127.0.0.1")
            #expect(local.0 == nil && local.1 == "200")
        }
        try await EmbeddedHost.with {
            $0.listen = "0.0.0.0:0"
            $0.adminPeers = ["198.51.100.0/24"]
        } body: { host in
            let answer = try await ask(host, at: own)
            #expect(answer.0 == .forbidden && answer.1 == "403")
        }
        try await EmbeddedHost.with {
            $0.listen = "0.0.0.0:0"
            $0.adminPeers = ["198.51.100.0/24", own]
        } body: { host in
            // What HTTP requests have to be like stays: it may be a web page of somebody's who is trusted.
            let answer = try await ask(host, at: own)
            #expect(answer.0 == nil && answer.1 == "403")
        }
        try await EmbeddedHost.with {
            $0.listen = "0.0.0.0:0"
            $0.adminPeers = [own]
            $0.trustedHosts = [own]
        } body: { host in
            let answer = try await ask(host, at: own)
            #expect(answer.0 == nil && answer.1 == "200")
        }
    }

    @Test func instancesDoNotAdministerWhateverTheirAddress() async throws {
        try await EmbeddedHost.with({ $0.adminPeers = ["0.0.0.0/0", "::/0"] }) { host in
            _ = try await host.deploy(
                """
                const leveros = require("leveros");
                exports.Ask = async () => new leveros.Client().service("admin.lever", "admin").invoke("ListServices");
                """)
            let answer = await #expect(throws: (any Error).self) { _ = try await host.call("Ask") }
            #expect("\(String(describing: answer))".contains("only callers on the host's own machine"))
        }
    }
}
