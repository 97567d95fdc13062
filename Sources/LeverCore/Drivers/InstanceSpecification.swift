/// All that a driver needs to know for starting an instance.
public struct InstanceSpecification: Sendable {
    /// The instance's id (`LEVEROS_INSTANCE_ID`).
    public var id: InstanceID
    /// The service that it is an instance of.
    public var service: ServiceID
    /// The version that it runs (`LEVEROS_CODE_VERSION`).
    public var version: Int
    /// The absolute path of the version's extracted code: the instance's working directory.
    public var codeDirectory: String
    /// The SHA-256 of the package that the code was uploaded in, 64 hexadecimal digits; `nil` where that is not known.
    public var codeDigest: String?
    /// The version's manifest: entry, memory, configuration.
    public var manifest: Manifest
    /// `host:port` that the instance's own calls go to (`LEVEROS_INTERNAL_RPC_GATEWAY`).
    public var internalGateway: String?

    /// Makes a specification of its parts.
    public init(
        id: InstanceID, service: ServiceID, version: Int, codeDirectory: String, manifest: Manifest,
        internalGateway: String? = nil, codeDigest: String? = nil
    ) {
        self.id = id
        self.service = service
        self.version = version
        self.codeDirectory = codeDirectory
        self.manifest = manifest
        self.internalGateway = internalGateway
        self.codeDigest = codeDigest
    }
}
