import LeverDocker
import LeverRuntime

// The catalogue of LeverDocker.
enum ContainerSamples {
    static func containers(_ configuration: LeverHost.Configuration) throws -> LeverHost {
        var docker = DockerDriver.Configuration.defaults
        docker.dataDirectory = configuration.dataDirectory
        var extensions = LeverHost.Extensions()
        extensions.driver = try DockerDriver(configuration: docker)
        let host = try LeverHost(configuration: configuration, extensions: extensions)
        return host
    }
}
