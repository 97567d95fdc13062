import LeverCore
import Logging

#if Docker
import LeverDocker
#endif

/// What was said of containers; what was not is left to the driver.
struct ContainerSettings {
    var engine: String?
    var certificates: String?
    var dataDirectory: String?
    var image: String?
    var nodeImage: String?
    var allowsImages = true
    var user: String?
    var allowsWeakIsolation = false
}

#if Docker
extension ContainerSettings {
    private var configuration: DockerDriver.Configuration {
        var configuration = DockerDriver.Configuration.defaults
        configuration.engine = engine ?? configuration.engine
        configuration.certificates = certificates
        configuration.dataDirectory = dataDirectory
        configuration.image = image ?? configuration.image
        configuration.nodeImage = nodeImage ?? configuration.nodeImage
        configuration.allowsImages = allowsImages
        configuration.user = user
        configuration.allowsWeakIsolation = allowsWeakIsolation
        return configuration
    }

    /// Checks what can be checked without an engine.
    func validate() throws { try configuration.validate() }

    /// Says which engine answers.
    func identifyEngine() async throws -> String { try await DockerDriver.identifyEngine(configuration) }

    func makeDriver(_ logger: Logger) throws -> any ContainerDriver {
        try DockerDriver(configuration: configuration, logger: logger)
    }
}
#else
extension ContainerSettings {
    func validate() throws {}

    func identifyEngine() async throws -> String { throw Self.absence }

    func makeDriver(_ logger: Logger) throws -> any ContainerDriver { throw Self.absence }

    private static let absence = RuntimeError(
        .driver, "this leveroshost was built without the package's trait Docker, so that it cannot run containers")
}
#endif
