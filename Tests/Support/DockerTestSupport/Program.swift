internal import Subprocess

#if canImport(System)
internal import System
#else
internal import SystemPackage
#endif

/// A program of the system that a test runs to its end.
public struct Program: Sendable {
    /// Whether it exited with 0.
    public let isSuccess: Bool
    /// What it printed.
    public let output: String
    /// What it complained of.
    public let error: String

    /// Runs a program: one with a `/` is that file, others are found through PATH.
    public static func run(_ program: String, _ arguments: [String] = [], input: String = "") async throws -> Program {
        let executable: Executable =
            program.contains("/") ? .path(FilePath(program)) : .name(program)
        let result = try await Subprocess.run(
            executable, arguments: Subprocess.Arguments(arguments), input: .string(input),
            output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
        return Program(
            isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
            error: result.standardError)
    }

    /// Runs a program while `body` does: `body` begins once the program has printed the line `ready`, and the program has to end
    /// when its standard input does.
    public static func whileRunning<Value: Sendable>(
        _ program: String, _ arguments: [String], body: @Sendable () async throws -> Value
    ) async throws -> Value {
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: Subprocess.Arguments(arguments), input: .inputWriter,
            output: .sequence,
            error: .currentStandardError
        ) { execution in
            var isReady = false
            for try await line in execution.standardOutput.strings() where line == "ready" {
                isReady = true
                break
            }
            guard isReady else { throw DockerTestEngine.Failure("\(program) ended before it was ready") }
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            try await execution.standardInputWriter.finish()
            return outcome
        }
        return try result.closureResult.get()
    }
}
