/// The labels of all that the host makes in an engine.
enum Labels {
    /// Whose it is: the data directory, in digits.
    static let owner = "com.leveros.owner"
    /// The environment.
    static let environment = "com.leveros.environment"
    /// The service.
    static let service = "com.leveros.service"
    /// The version of the service.
    static let version = "com.leveros.version"
    /// The instance.
    static let instance = "com.leveros.instance"

    /// The kind of network that the instance is in.
    static let network = "com.leveros.network"
    /// `host:port` of the gateway on that network; empty without one.
    static let gateway = "com.leveros.gateway"
    /// What all that the container was made of comes to, in digits: one with the same digits is the same.
    static let fingerprint = "com.leveros.fingerprint"

    /// A filter for what belongs to an owner.
    static func owned(by owner: String) -> String { "\(Labels.owner)=\(owner)" }
}
