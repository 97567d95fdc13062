import Foundation
import Testing

/// The real `leveroshost`.
final class HostProcess: Sendable {
    let command: Command
    let address: String

    private init(_ command: Command, _ address: String) {
        self.command = command
        self.address = address
    }

    /// Starts it on a free port and waits until it says where it listens.
    static func start(data: String, _ arguments: [String] = []) async throws -> HostProcess {
        let command = try Command("leveroshost", ["--listen", "127.0.0.1:0", "--data-dir", data] + arguments)
        var address: String?
        try await wait("the host listens") {
            address = command.printed.firstMatch(of: /listens on ([^;]+);/).map { String($0.1) }
            return address != nil || !command.isRunning
        }
        return HostProcess(command, try #require(address, "the host did not start: \(command.complained)"))
    }

    /// Runs `lever` against it.
    func lever(_ arguments: String..., in directory: String? = nil, input: String? = nil) async throws -> Command.Result
    {
        try await Command.run(
            "lever", arguments, in: directory, environment: ["LEVEROS_IP_PORT": address], input: input)
    }

    /// The processes that carry a data directory's services, by their command line.
    static func instances(of data: String) -> [Int32] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.compactMap { Int32($0) }.filter { pid in
            guard let line = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline")) else { return false }
            return String(decoding: line, as: UTF8.self).contains("\(data)/runtime/")
        }
    }
}
