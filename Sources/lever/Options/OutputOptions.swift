internal import ArgumentParser
internal import LeverCore

/// Tables for people, or JSON for programs.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON instead of a table.")
    var json = false

    /// Prints a list: as JSON, or as a table; where it is empty, `nothing` goes to standard error.
    func print<Row: Encodable>(_ rows: [Row], nothing: String, _ table: ([Row]) -> Table) throws {
        if json {
            try print(rows)
        } else if rows.isEmpty {
            Terminal.error.print(nothing)
        } else {
            let output = Terminal.output
            output.print(table(rows).text(width: output.isInteractive ? output.width : nil))
        }
    }

    /// Prints a value as JSON, for a person with line breaks.
    func print(_ value: some Encodable) throws {
        Terminal.output.print(try LeverEncoder().encode(value).json(pretty: Terminal.output.isInteractive))
    }

    /// Prints one of several values that come one after the other, as one line of JSON.
    func printLine(_ value: some Encodable) throws {
        Terminal.output.print(try LeverEncoder().encode(value).json())
    }

    /// Prints that something was done; with JSON nothing needs to be said but the exit status.
    func confirm(_ text: String) {
        if !json { Terminal.output.print(text) }
    }
}
