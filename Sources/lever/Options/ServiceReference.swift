internal import LeverCore

/// A service as it is written on the command line: `hello`, `dev.lever/hello` or `lever://dev.lever/hello`.
enum ServiceReference {
    /// Reads a service; one without an environment is in the default one.
    static func parse(
        _ text: String, default environment: () throws(CommandFailure) -> EnvironmentName
    ) throws(CommandFailure) -> ServiceID {
        var rest = text[...]
        var isAbsolute = false
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "lever" else { throw malformed(text) }
            rest = rest[scheme.upperBound...]
            isAbsolute = true
        } else if rest.first == "/" {
            rest = rest.dropFirst()
        }
        if rest.last == "/" { rest = rest.dropLast() }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        do {
            switch parts.count {
            case 1 where !isAbsolute:
                return ServiceID(environment: try environment(), service: try ServiceName(parts[0]))
            case 2:
                return ServiceID(
                    environment: try EnvironmentName(parts[0]), service: try ServiceName(parts[1]))
            default: throw malformed(text)
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.usage, (error as? RPCError)?.message ?? "\(error)", hint: form)
        }
    }

    private static let form = "A service is <service>, <environment>/<service> or lever://<environment>/<service>."

    private static func malformed(_ text: String) -> CommandFailure {
        CommandFailure(.usage, "\"\(text)\" names no service", hint: form)
    }
}

extension ConnectionOptions {
    /// The service that an argument names.
    func service(_ text: String) throws(CommandFailure) -> ServiceID {
        try ServiceReference.parse(text) { () throws(CommandFailure) in try defaultEnvironment() }
    }

    /// The environment that an argument names.
    func environment(named text: String) throws(CommandFailure) -> EnvironmentName {
        do throws(RPCError) {
            return try EnvironmentName(text)
        } catch {
            throw CommandFailure(.usage, error.message)
        }
    }
}
