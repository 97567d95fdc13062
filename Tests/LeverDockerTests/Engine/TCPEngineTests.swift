import DockerTestSupport
import Foundation
import LeverCore
import LeverDocker
import LeverTesting
import Testing

/// An engine that is asked over TCP, with and without TLS, as `DOCKER_HOST=tcp://…` and `DOCKER_CERT_PATH` want it.
@Suite("Engines over TCP", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
struct TCPEngineTests {
    /// Ways to one engine.
    enum Way: Sendable, CaseIterable {
        case plain, tlsByAddress, tlsByName

        var host: String { self == .tlsByName ? "localhost" : "127.0.0.1" }
    }

    @Test("instances start, write, end and are removed", arguments: Way.allCases)
    func life(way: Way) async throws {
        let engine = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let certificates = way == .plain ? nil : "\(folder.path)/certificates"
        if let certificates { try await EngineDoor.makeCertificates(in: certificates) }
        try await EngineDoor.with(engine, in: folder, certificates: certificates) { port in
            var configuration = DockerFixture.configuration(engine)
            configuration.engine = "tcp://\(way.host):\(port)"
            configuration.certificates = certificates
            #expect(try await !DockerDriver.identifyEngine(configuration).isEmpty)
            try await DockerFixture.run({
                $0.engine = configuration.engine
                $0.certificates = configuration.certificates
            }) { fixture in
                #expect(try await fixture.output(of: "echo one; echo two >&2; exit 3").sorted() == ["one", "two"])
                // What it writes comes while it runs, and its end is heard though nobody asks.
                let instance = try await fixture.shell("echo ready; exec sleep 1000")
                try await fixture.wait(for: "ready", of: instance)
                let container = try #require(try await fixture.container(of: instance))
                try await fixture.engine.request("POST", "/containers/\(container)/kill")
                #expect(await instance.exit() == .signal(9))
                #expect(try await fixture.container(of: instance) == nil)
            }
        }
    }

    @Test("what is wrong with certificates is named")
    func certificates() async throws {
        let engine = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (right, other, foreign) = (
            "\(folder.path)/right", "\(folder.path)/other", "\(folder.path)/foreign"
        )
        try await EngineDoor.makeCertificates(in: right)
        try await EngineDoor.makeCertificates(in: other, for: "IP:127.0.0.2,DNS:elsewhere")
        // Trusts the right authority, and comes with a certificate of another.
        try await EngineDoor.makeCertificates(in: foreign)
        try Self.copy("ca.pem", from: right, to: foreign)
        try await EngineDoor.with(engine, in: folder, certificates: right) { port in
            let wrongAuthority = try await Self.refusal(engine, "tcp://127.0.0.1:\(port)", other)
            #expect(wrongAuthority.contains("not vouched for by '\(other)/ca.pem'"), "\(wrongAuthority)")
            let wrongHost = try await Self.refusal(engine, "tcp://127.0.0.1:\(port)", foreign)
            #expect(wrongHost.contains("it refuses the certificate in '\(foreign)/cert.pem'"), "\(wrongHost)")
        }
        try await EngineDoor.with(engine, in: folder, certificates: other) { port in
            for host in ["127.0.0.1", "localhost"] {
                let wrongName = try await Self.refusal(engine, "tcp://\(host):\(port)", other)
                #expect(wrongName.contains("its certificate is for other names"), "\(wrongName)")
            }
        }
        try await EngineDoor.with(engine, in: folder) { port in
            let noTLS = try await Self.refusal(engine, "tcp://127.0.0.1:\(port)", right)
            #expect(noTLS.contains("it does not speak TLS there"), "\(noTLS)")
        }
    }

    @Test(
        "a folder without the certificates is named, and which of them", arguments: ["ca.pem", "cert.pem", "key.pem"])
    func files(name: String) async throws {
        let engine = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let certificates = "\(folder.path)/certificates"
        try await EngineDoor.makeCertificates(in: certificates)
        try folder.write("certificates/\(name)", "no PEM")
        let wrong = try await Self.refusal(engine, "tcp://127.0.0.1:1", certificates)
        #expect(wrong.contains("'\(certificates)/\(name)' should hold"), "\(wrong)")
        try FileManager.default.removeItem(atPath: "\(certificates)/\(name)")
        let missing = try await Self.refusal(engine, "tcp://127.0.0.1:1", certificates)
        #expect(missing.contains("'\(certificates)/\(name)' cannot be read: No such file or directory"), "\(missing)")
    }

    @Test("a key that belongs to another certificate is named")
    func key() async throws {
        let engine = try #require(DockerTestEngine.current)
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let (one, two) = ("\(folder.path)/one", "\(folder.path)/two")
        for certificates in [one, two] { try await EngineDoor.makeCertificates(in: certificates) }
        try Self.copy("key.pem", from: two, to: one)
        let message = try await Self.refusal(engine, "tcp://127.0.0.1:1", one)
        #expect(message.contains("the key in '\(one)/key.pem' is not that of"), "\(message)")
    }

    /// Why a driver cannot be prepared.
    private static func refusal(
        _ engine: DockerTestEngine, _ address: String, _ certificates: String
    ) async throws -> String {
        var configuration = DockerFixture.configuration(engine)
        configuration.engine = address
        configuration.certificates = certificates
        let driver = try DockerDriver(configuration: configuration)
        return try await #require(throws: RuntimeError.self) { try await driver.prepare() }.message
    }

    private static func copy(_ name: String, from: String, to: String) throws {
        try FileManager.default.removeItem(atPath: "\(to)/\(name)")
        try FileManager.default.copyItem(atPath: "\(from)/\(name)", toPath: "\(to)/\(name)")
    }
}
