internal import LeverClient
internal import LeverCore
internal import LeverService

extension LeverActorSystem {
    /// The system of a program that is a service: its calls go to the gateway of the host that has started it, and identities that
    /// name no service are its own.
    ///
    /// A program that runs several services, or was started otherwise, makes systems of its own.
    public static let hosting: LeverActorSystem = {
        let instance = InstanceEnvironment.current
        var configuration = LeverClient.Configuration.defaults
        configuration.environment = instance.environment
        configuration.host = instance.gateway
        if (try? configuration.validate()) == nil { configuration.host = nil }
        // The gateway was all that could be wrong with it.
        return LeverActorSystem(client: try! LeverClient(configuration: configuration), service: instance.service)
    }()
}
