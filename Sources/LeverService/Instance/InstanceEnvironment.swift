public import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// What the host that started this instance says to it, in variables of the process's environment. They are the contract
/// between a host and its instances, not settings of the program; a program that was started otherwise has none of them.
public struct InstanceEnvironment: Sendable, Hashable {
    /// The environment that the service belongs to (`LEVEROS_ENVIRONMENT`).
    public var environment: EnvironmentName?
    /// The service (`LEVEROS_SERVICE`).
    public var service: ServiceName?
    /// Which instance this is (`LEVEROS_INSTANCE_ID`).
    public var instanceID: String?
    /// The version of the service's code (`LEVEROS_CODE_VERSION`).
    public var version: Int?
    /// `host:port` that calls to other services go to (`LEVEROS_INTERNAL_RPC_GATEWAY`). Within the handler of a method a client
    /// finds it itself; elsewhere it is what the client's `host` should be.
    public var gateway: String?
    /// Where to listen (`LEVEROS_LISTEN`).
    public var listenAddress: String?
    /// The manifest's `config` (`LEVEROS_CONFIG`); `null` where there is none.
    public var config: LeverValue

    /// What this process was started with.
    public static var current: InstanceEnvironment {
        InstanceEnvironment { name in getenv(name).map { String(cString: $0) } }
    }

    /// Reads the variables. One that is malformed counts as not set.
    ///
    /// - Parameter variable: Gives the value of a variable.
    public init(_ variable: (String) -> String?) {
        environment = variable("LEVEROS_ENVIRONMENT").flatMap { try? EnvironmentName($0) }
        service = variable("LEVEROS_SERVICE").flatMap { try? ServiceName($0) }
        instanceID = variable("LEVEROS_INSTANCE_ID")
        version = variable("LEVEROS_CODE_VERSION").flatMap { Int($0) }
        gateway = variable("LEVEROS_INTERNAL_RPC_GATEWAY")
        listenAddress = variable("LEVEROS_LISTEN")
        config = variable("LEVEROS_CONFIG").flatMap { try? LeverValue(json: $0) } ?? .null
    }
}
