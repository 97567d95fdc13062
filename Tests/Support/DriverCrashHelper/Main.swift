import LeverCore
import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A host reduced to its process driver, for being killed: prepares the driver of a data directory, starts instances that
/// resist their end in every way, says so, and starts more until it is gone.
///
/// Arguments: the data directory, the code directory, `once` or `on` for starting instances without end.
@main
enum Main {
    static func main() async throws {
        let arguments = CommandLine.arguments
        var configuration = ProcessDriver.Configuration.defaults
        configuration.dataDirectory = arguments[1]
        let driver = try ProcessDriver(configuration: configuration)
        try await driver.prepare()
        let name = try ServiceName("crash")
        let scripts = [
            "trap '' TERM HUP INT; while :; do sleep 0.01; done # 100000.\(getpid())",
            // Children that leave the group, one of which has no environment.
            "setsid sh -c 'sleep 100000.\(getpid()); :' & env -i sleep 100000.\(getpid()) & wait",
            "setsid setsid sleep 100000.\(getpid()) & kill -s STOP $$",
        ]
        var count = 0
        while count < 6 || arguments[3] == "on" {
            count += 1
            let specification = InstanceSpecification(
                id: InstanceID("crash-\(getpid())-\(count)"),
                service: ServiceID(environment: try EnvironmentName("dev.lever"), service: name),
                version: 1,
                codeDirectory: arguments[2],
                manifest: Manifest(
                    name: name, entry: .command(["/bin/sh", "-c", scripts[count % scripts.count]])))
            _ = try await driver.start(specification)
            if count == 6 { _ = write(1, "started\n", 8) }
        }
        while true { pause() }
    }
}
