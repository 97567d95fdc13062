internal import ArgumentParser
internal import LeverClient
internal import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Which environment and which host; flags first, then the process's environment, then the defaults of a local host.
struct ConnectionOptions: ParsableArguments {
    /// Where a host on this machine listens by default.
    static let localHost = "127.0.0.1:8080"

    @Option(
        name: [.customShort("E"), .customLong("env")],
        help: "The environment of relative addresses (LEVEROS_ENV, else dev.lever).")
    var environment: String?

    @Option(
        name: [.customShort("H"), .customLong("host")],
        help: "The host to call, <host>:<port> or unix:<path> (LEVEROS_IP_PORT, else 127.0.0.1:8080 for .lever).")
    var host: String?

    /// The environment where an address does not name one.
    func defaultEnvironment(_ variable: (String) -> String? = Self.variable) throws(CommandFailure) -> EnvironmentName {
        let text = environment ?? variable("LEVEROS_ENV") ?? EnvironmentName.default.rawValue
        do throws(RPCError) {
            return try EnvironmentName(text)
        } catch {
            throw CommandFailure(.usage, error.message)
        }
    }

    /// An address, completed by the default environment where it is relative.
    func address(
        _ text: String, _ variable: (String) -> String? = Self.variable
    ) throws(CommandFailure) -> LeverURL {
        var url: LeverURL
        do throws(RPCError) {
            url = try LeverURL(text)
        } catch {
            throw CommandFailure(
                .usage, error.message,
                hint: "An address is lever://<environment>/<service>[/<resource>]/<method>, or from <service> on.")
        }
        if url.environment == nil { url.environment = try defaultEnvironment(variable) }
        return url
    }

    /// Where the calls to an environment go.
    func host(of environment: EnvironmentName, _ variable: (String) -> String? = Self.variable) -> String {
        if let forced = host ?? variable("LEVEROS_IP_PORT") { return forced }
        let isLocal = environment.rawValue.hasSuffix(EnvironmentName.internalSuffix)
        return isLocal ? Self.localHost : "\(environment):80"
    }

    /// A client for an environment.
    func client(for environment: EnvironmentName) throws(CommandFailure) -> LeverClient {
        do throws(RuntimeError) {
            return try LeverClient(host: host(of: environment))
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }

    /// A variable of the process's environment; one that is empty counts as not set.
    static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
