internal import LeverClient
internal import LeverCore
internal import Subprocess

#if canImport(System)
internal import System
#else
internal import SystemPackage
#endif

/// The command that a manifest names in `build`.
struct BuildCommand: Sendable {
    let words: [String]
    let directory: String

    /// The build of the service in a directory; `nil` where its manifest names none.
    ///
    /// - Throws: ``RuntimeError`` where there is no good manifest.
    init?(in directory: String) throws {
        let manifest = try ServiceDirectory.manifest(in: directory)
        guard let words = manifest.build else { return nil }
        self.words = words
        self.directory = directory
    }

    /// Runs it in the service's directory. What it prints goes to standard error: standard output is for what `lever` has to say.
    ///
    /// - Throws: ``CommandFailure`` where it cannot be run or fails.
    func run() async throws {
        Terminal.error.print("Building: \(words.joined(separator: " "))")
        let status: TerminationStatus
        do {
            status = try await Subprocess.run(
                executable, arguments: Subprocess.Arguments(Array(words.dropFirst())),
                workingDirectory: FilePath(directory), input: .currentStandardInput, output: .currentStandardError,
                error: .currentStandardError
            ).terminationStatus
        } catch let error as SubprocessError {
            throw CommandFailure(
                .usage, "\"build\" of \(directory)/lever.json cannot be run: \(words[0]): \(error)",
                hint: "What is built already can be deployed with: lever deploy --no-build")
        }
        switch status {
        case .exited(0): return
        case .exited(let code): throw failure("exited with code \(code)")
        case .signaled(let signal): throw failure("was ended by signal \(signal)")
        }
    }

    /// A path is one within the directory, everything else a program that PATH finds.
    private var executable: Executable {
        let command = words[0]
        guard command.contains("/") else { return .name(command) }
        return .path(FilePath(command.hasPrefix("/") ? command : "\(directory)/\(command)"))
    }

    private func failure(_ what: String) -> CommandFailure {
        CommandFailure(.methodError, "nothing was deployed: the build (\(words.joined(separator: " "))) \(what)")
    }
}
