internal import ArgumentParser
internal import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Parses the arguments, runs the command, and ends the process with the exit code that scripts rely on: 0, 1 for a method's
/// own error, 2 for wrong usage, 3 for every other failure of a call, 130 after Ctrl-C.
@main
struct Main {
    static func main() async {
        let code = await run(CommandLine.arguments.dropFirst().map(Arguments.shielded))
        exit(code)
    }

    static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try LeverCommand.parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return ExitStatus.success.rawValue
        } catch let failure as CommandFailure {
            Terminal.error.write(failure.bytes(isColoured: Terminal.error.isColoured))
            return failure.status.rawValue
        } catch {
            // What the parser throws: help and version are a success and go to standard output.
            let isSuccess = LeverCommand.exitCode(for: error).isSuccess
            if !isSuccess, let failure = CommandFailure.unknownCommand(in: arguments) {
                Terminal.error.write(failure.bytes(isColoured: Terminal.error.isColoured))
                return failure.status.rawValue
            }
            let text = LeverCommand.fullMessage(for: error)
            if !text.isEmpty { (isSuccess ? Terminal.output : Terminal.error).print(text) }
            return (isSuccess ? ExitStatus.success : .usage).rawValue
        }
    }
}

/// What the arguments become before they are parsed.
enum Arguments {
    /// A negative number is no option: behind a space, which JSON ignores, the parser takes it for a value.
    static func shielded(_ argument: String) -> String {
        let digits = argument.utf8.dropFirst()
        guard argument.utf8.first == UInt8(ascii: "-"), let first = digits.first,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { return argument }
        return " " + argument
    }
}
