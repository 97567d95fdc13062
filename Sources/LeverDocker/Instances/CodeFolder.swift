import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The code of a version as a container sees it: another user reads it, and a program of it has to be one that can be run.
enum CodeFolder {
    /// Lets everybody read what its owner may read; who may enter the data directory at all is decided above it.
    static func makeReadable(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            open(path, status.st_mode, adding: 0o555)
            for name in RuntimeFolder.names(in: path) { makeReadable("\(path)/\(name)") }
        case S_IFREG:
            let isProgram = status.st_mode & 0o100 != 0
            open(path, status.st_mode, adding: isProgram ? 0o555 : 0o444)
        default: break
        }
    }

    private static func open(_ path: String, _ mode: mode_t, adding bits: mode_t) {
        guard mode & bits != bits else { return }
        chmod(path, mode & 0o7777 | bits)
    }

    /// Checks what can be known of an entry without its image.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` and a text for the service's developer.
    static func check(_ specification: InstanceSpecification) throws {
        let service = specification.service
        let folder = specification.codeDirectory
        guard access(folder, X_OK) == 0 else {
            throw RuntimeError(.driver, "the code directory '\(folder)' of \(service) is not there")
        }
        switch specification.manifest.entry {
        case .javaScript(let module):
            let file = "\(folder)/\(module)"
            guard access(file, R_OK) == 0 || access("\(file).js", R_OK) == 0 else {
                throw RuntimeError(.driver, "the jsEntry '\(module)' of \(service) is not in its deployed code")
            }
        case .command(let words):
            guard let program = words.first, !program.isEmpty else {
                throw RuntimeError(.driver, "the entry of \(service) is empty: it needs at least a program")
            }
            guard !words.contains(where: { $0.utf8.contains(0) }) else {
                throw RuntimeError(.driver, "the entry of \(service) has a NUL character")
            }
            // What is no path within the code is in the image, which the engine knows.
            if program.contains("/"), !program.hasPrefix("/") { try check(program, of: service, in: folder) }
        }
    }

    private static func check(_ program: String, of service: ServiceID, in folder: String) throws {
        var status = stat()
        guard stat("\(folder)/\(program)", &status) == 0 else {
            throw RuntimeError(.driver, "the entry '\(program)' of \(service) is not in its deployed code")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw RuntimeError(.driver, "the entry '\(program)' of \(service) is a directory")
        }
        guard status.st_mode & 0o111 != 0 else {
            throw RuntimeError(
                .driver,
                "the entry '\(program)' of \(service) is not executable: run `chmod +x \(program)` and deploy again")
        }
        // Whatever else it is, the init process would have a shell try to read it.
        guard hasProgramHead("\(folder)/\(program)") else {
            throw RuntimeError(
                .driver,
                "the entry '\(program)' of \(service) is no program that an image can run: "
                    + "a script needs a first line such as '#!/bin/sh', a program must be built for Linux")
        }
    }

    /// Whether a file begins as programs of Linux or scripts do; true where it cannot be read.
    private static func hasProgramHead(_ path: String) -> Bool {
        guard let file = fopen(path, "r") else { return true }
        defer { fclose(file) }
        var head = [UInt8](repeating: 0, count: 4)
        let count = fread(&head, 1, 4, file)
        return count >= 2 && head.starts(with: Array("#!".utf8)) || head == [0x7F] + Array("ELF".utf8)
    }
}
