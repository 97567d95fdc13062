import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What is run for an instance: program, arguments, environment.
struct ProcessCommand: Equatable {
    /// The program's absolute path.
    var path: String
    /// Its arguments, the first of which is its name as the manifest has it.
    var arguments: [String]
    /// All of its environment, as `NAME=value`.
    var environment: [String]

    /// The size from which on the system refuses a single variable.
    private static let variableLimit = 128 << 10

    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` and a text for the service's developer.
    init(
        _ specification: InstanceSpecification, run: String, socketPath: String,
        configuration: ProcessDriver.Configuration
    ) throws {
        let service = specification.service
        switch specification.manifest.entry {
        case .command(let command):
            arguments = command
        case .javaScript(let module):
            guard let runtime = configuration.javaScriptRuntime else {
                throw RuntimeError(
                    .driver, "\(service) has the jsEntry '\(module)', but this host has no JavaScript runtime")
            }
            let file = specification.codeDirectory + "/" + module
            guard access(file, R_OK) == 0 || access(file + ".js", R_OK) == 0 else {
                throw RuntimeError(.driver, "the jsEntry '\(module)' of \(service) is not in its deployed code")
            }
            arguments = runtime.command(module: module, ram: specification.manifest.ram)
        }
        guard let program = arguments.first, !program.isEmpty else {
            throw RuntimeError(.driver, "the entry of \(service) is empty: it needs at least a program")
        }
        guard !arguments.contains(where: { $0.utf8.contains(0) }) else {
            throw RuntimeError(.driver, "the entry of \(service) has a NUL character")
        }
        path = try Self.resolve(program, specification, configuration.environment["PATH"])
        environment = try Self.environment(specification, run, socketPath, configuration.environment)
    }

    private static func resolve(
        _ program: String, _ specification: InstanceSpecification, _ searchPath: String?
    ) throws -> String {
        if program.contains("/") {
            let path = program.hasPrefix("/") ? program : specification.codeDirectory + "/" + program
            switch kind(of: path) {
            case .executable:
                return path
            case .missing:
                throw RuntimeError(
                    .driver, "the entry '\(program)' of \(specification.service) is not in its deployed code")
            case .directory:
                throw RuntimeError(.driver, "the entry '\(program)' of \(specification.service) is a directory")
            case .notExecutable:
                throw RuntimeError(
                    .driver,
                    "the entry '\(program)' of \(specification.service) is not executable: "
                        + "run `chmod +x \(program)` and deploy again")
            }
        }
        for directory in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = "\(directory)/\(program)"
            if path.hasPrefix("/"), kind(of: path) == .executable { return path }
        }
        var message = "the program '\(program)' that \(specification.service) needs is not on the host's PATH"
        if program == "node" {
            message += ": install Node.js 18 or newer (Debian: `apt-get install nodejs`; macOS: `brew install node`)"
        } else {
            message += "; a program of the deployed code is written as './\(program)'"
        }
        throw RuntimeError(.driver, message)
    }

    private enum Kind {
        case executable, missing, directory, notExecutable
    }

    private static func kind(of path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .missing }
        guard status.st_mode & S_IFMT != S_IFDIR else { return .directory }
        return access(path, X_OK) == 0 ? .executable : .notExecutable
    }

    /// The variables of the platform first, then the allow-list.
    private static func environment(
        _ specification: InstanceSpecification, _ run: String, _ socketPath: String, _ inherited: [String: String]
    ) throws -> [String] {
        let config = specification.manifest.config.json()
        guard config.utf8.count + 64 < variableLimit else {
            throw RuntimeError(
                .driver,
                "the config of \(specification.service) has \(config.utf8.count) bytes as JSON; "
                    + "an instance's environment takes at most \(variableLimit - 64)")
        }
        var variables = [
            "LEVEROS_RUN_ID=\(run)",
            "LEVEROS_INSTANCE_ID=\(specification.id)",
            "LEVEROS_ENVIRONMENT=\(specification.service.environment)",
            "LEVEROS_SERVICE=\(specification.service.service)",
            "LEVEROS_CODE_VERSION=\(specification.version)",
            "LEVEROS_INTERNAL_ENV_SUFFIX=.lever",
        ]
        if let gateway = specification.internalGateway {
            variables.append("LEVEROS_INTERNAL_RPC_GATEWAY=\(gateway)")
        }
        variables.append("LEVEROS_LISTEN=unix:\(socketPath)")
        variables.append("LEVEROS_CONFIG=\(config)")
        for (name, value) in inherited.sorted(by: { $0.key < $1.key }) { variables.append("\(name)=\(value)") }
        return variables
    }

    /// Says why the program could not be loaded, in the developer's terms.
    func startError(_ number: Int32, service: ServiceID) -> RuntimeError {
        let entry = arguments.first ?? path
        switch number {
        case ENOEXEC:
            return RuntimeError(
                .driver,
                "the entry '\(entry)' of \(service) is no program that this machine can run: "
                    + "a script needs a first line such as '#!/bin/sh', a program must be built for this machine")
        case ENOENT:
            return RuntimeError(
                .driver, "the interpreter that the first line of '\(entry)' of \(service) names is not on this host")
        default:
            return RuntimeError(
                .driver, "the entry '\(entry)' of \(service) could not be started: \(Descriptor.message(number))")
        }
    }
}
