import DockerTestSupport
import Foundation
import Testing

/// A TCP port that leads to the tests' engine, with or without TLS.
enum EngineDoor {
    static let programs = "\(PacketWorld.programs)"

    /// Makes an authority and its certificates in a new folder.
    static func makeCertificates(in folder: String, for names: String = "IP:127.0.0.1,DNS:localhost") async throws {
        let ended = try await Program.run("\(programs)/certificates.sh", [folder, names])
        try #require(ended.isSuccess, "\(ended.error)")
    }

    /// Runs a body while there is one, with its port.
    ///
    /// - Parameter certificates: The folder with those of the engine; `nil` for a port without TLS.
    static func with(
        _ engine: DockerTestEngine, in folder: TemporaryFolder, certificates: String? = nil,
        _ body: @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let file = "\(folder.path)/port"
        try await Program.whileRunning(
            "/usr/bin/env",
            ["python3", "\(programs)/door.py", engine.socket, file] + (certificates.map { [$0] } ?? [])
        ) {
            try await body(try #require(Int(try String(contentsOfFile: file, encoding: .utf8))))
        }
    }
}
