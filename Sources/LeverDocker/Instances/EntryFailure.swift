import LeverCore

/// Why the init process of a container could not start the entry, in the developer's terms.
enum EntryFailure {
    /// - Returns: `nil` where the entry was started, and ended by itself.
    static func reason(_ specification: InstanceSpecification, exit: InstanceExit, output: [String]) -> String? {
        guard case .command(let words) = specification.manifest.entry, let program = words.first,
            case .code = exit,
            let line = output.first(where: { $0.contains("[FATAL tini") || $0.contains("[FATAL catatonit") })
        else { return nil }
        let what = "the entry '\(program)' of \(specification.service)"
        if line.contains("Exec format error") {
            return "\(what) is no program that the image can run: a script needs a first line such as '#!/bin/sh', "
                + "a program must be built for the image"
        }
        guard line.contains("No such file or directory") else { return "\(what) could not be started: \(line)" }
        if program.contains("/") {
            return program.hasPrefix("/")
                ? "\(what) is not in the image"
                : "the interpreter that the first line of '\(program)' of \(specification.service) names, or a library that "
                    + "it needs, is not in the image"
        }
        return "the program '\(program)' that \(specification.service) needs is not on the PATH of the image; "
            + "a program of the deployed code is written as './\(program)'"
    }
}
