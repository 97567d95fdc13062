#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The Docker engine that `scripts/with-docker.sh` has given to the tests, and its images.
///
///     @Suite("Containers", .enabled(if: DockerTestEngine.current != nil, "\(DockerTestEngine.absence)"))
public struct DockerTestEngine: Sendable {
    /// The path of its socket.
    public let socket: String
    /// An image with `sh`, `bash`, coreutils and `node`.
    public let image: String
    /// Whether that image has `python3` with gRPC, too.
    public let hasPython: Bool
    /// An image with nothing in it.
    public let emptyImage: String
    /// Where an engine is that tests may restart; `nil` where it is not theirs.
    public let folder: String?

    /// The engine; `nil` where there is none.
    public static let current: DockerTestEngine? = {
        let variables = ProcessInfo.processInfo.environment
        guard let socket = variables["LEVER_TEST_DOCKER_SOCKET"], let image = variables["LEVER_TEST_DOCKER_IMAGE"],
            let empty = variables["LEVER_TEST_DOCKER_EMPTY_IMAGE"]
        else { return nil }
        return DockerTestEngine(
            socket: socket, image: image, hasPython: variables["LEVER_TEST_PYTHON"] != nil, emptyImage: empty,
            folder: variables["LEVER_TEST_DOCKER_ENGINE"])
    }()

    /// Why there is no engine.
    public static let absence =
        ProcessInfo.processInfo.environment["LEVER_TEST_DOCKER_SKIPPED"].map { "no Docker engine: \($0)" }
        ?? "no Docker engine: LEVER_TEST_DOCKER_SOCKET names none, make test-docker starts one"

    /// Why it cannot be restarted; `nil` where it can.
    public static var restartAbsence: String? {
        guard let current else { return absence }
        return current.folder == nil ? "the Docker engine at \(current.socket) is not the tests' own" : nil
    }

    /// What is done to an engine of the tests' own.
    public enum Control: String, Sendable {
        /// It is started, and answers.
        case start
        /// It ends, with its containers.
        case stop
        /// SIGKILL ends it; its containers go on.
        case kill
        /// It ends with its containers, and is started again.
        case restart
    }

    /// Starts or ends it; returns when that is done.
    ///
    /// - Throws: ``Failure`` where it is not the tests' own, or does not start.
    public func control(_ what: Control) async throws {
        guard let folder else { throw Failure(DockerTestEngine.restartAbsence ?? "") }
        // Tests/Support/DockerTestSupport/<this file>
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let ended = try await Program.run("\(root.path)/scripts/docker-test-engine.sh", [what.rawValue, folder])
        guard ended.isSuccess else { throw Failure("the engine does not \(what.rawValue): \(ended.error)") }
    }

    /// Sends a request to its API.
    ///
    /// - Parameters:
    ///   - method: `GET`, `POST`, `DELETE`.
    ///   - path: Without the API's version: `/containers/json?all=1`.
    ///   - body: JSON.
    /// - Returns: The answer's body.
    /// - Throws: ``Failure`` where it is none of success.
    @discardableResult
    public func request(_ method: String, _ path: String, _ body: String? = nil) async throws -> String {
        var arguments = [
            "--silent", "--show-error", "--globoff", "--max-time", "60", "--unix-socket", socket, "--request", method,
            "--write-out", "\n%{http_code}",
        ]
        if body != nil { arguments += ["--header", "Content-Type: application/json", "--data-binary", "@-"] }
        let ended = try await Program.run("curl", arguments + ["http://engine/v1.41\(path)"], input: body ?? "")
        let end = ended.output.lastIndex(of: "\n") ?? ended.output.startIndex
        guard ended.isSuccess, ended.output[end...].dropFirst().hasPrefix("2") else {
            throw Failure("\(method) \(path): \(ended.output) \(ended.error)")
        }
        return String(ended.output[..<end])
    }

    /// What did not work.
    public struct Failure: Error, CustomStringConvertible {
        /// What, and what was answered.
        public let description: String

        init(_ description: String) {
            self.description = description
        }
    }
}
