import CProcess

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Starts programs with `posix_spawn`.
///
/// Not with swift-subprocess, which ties a process to the scope of the closure that started it and to a task that waits for it:
/// an instance outlives the call that started it, its process must stay unreaped until everything that it started is gone (or
/// its process group's number could go to a stranger), and a thousand instances must not need a thousand waiting tasks.
/// `posix_spawn` also needs no copy of a large host's page tables.
struct ProcessSpawn {
    /// The program's absolute path.
    var path: String
    /// Its arguments, the first of which is its name.
    var arguments: [String]
    /// All of its environment, as `NAME=value`.
    var environment: [String]
    /// Its working directory.
    var directory: String
    /// What it reads; `nil` for nothing.
    var input: Int32?
    /// Where its output and its errors go; `nil` for nowhere.
    var output: Int32?

    /// Starts it as the leader of a session and process group of its own, with every signal at its default, and with no
    /// descriptors but 0, 1 and 2. Returns when the program has been loaded.
    ///
    /// - Returns: its process id, or the number of the error.
    func start() -> Result<pid_t, ProcessSpawnError> {
        #if canImport(Glibc)
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        #else
        var actions: posix_spawn_file_actions_t?
        var attributes: posix_spawnattr_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        redirect(0, to: input, O_RDONLY, &actions)
        redirect(1, to: output, O_WRONLY, &actions)
        redirect(2, to: output, O_WRONLY, &actions)
        lever_spawn_directory(&actions, directory)
        lever_spawn_close_from(&actions, 3)

        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK) | lever_spawn_flags()
        posix_spawnattr_setflags(&attributes, flags)

        var pid: pid_t = 0
        let result = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&pid, path, &actions, &attributes, arguments, environment)
            }
        }
        return result == 0 ? .success(pid) : .failure(ProcessSpawnError(number: result))
    }

    #if canImport(Glibc)
    private typealias Actions = posix_spawn_file_actions_t
    #else
    private typealias Actions = posix_spawn_file_actions_t?
    #endif

    private func redirect(_ target: Int32, to source: Int32?, _ mode: Int32, _ actions: inout Actions) {
        if let source {
            posix_spawn_file_actions_adddup2(&actions, source, target)
        } else {
            posix_spawn_file_actions_addopen(&actions, target, "/dev/null", mode, 0)
        }
    }

    private func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}

/// Why a program could not be started.
struct ProcessSpawnError: Error {
    /// The system's number.
    var number: Int32
}
