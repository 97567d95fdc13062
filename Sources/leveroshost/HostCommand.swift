import ArgumentParser
import LeverCore
import LeverRuntime
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The command line of a host.
struct HostCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leveroshost",
        abstract: "Runs a Lever host: services are deployed to it, and called through it.",
        discussion: """
            Every setting is a flag, a variable (--data-dir is LEVEROSHOST_DATA_DIR) or a member of the JSON file that --config \
            names ("data-dir"); a flag wins over a variable, a variable over the file.

            Times are written as 250ms, 30s, 5m or 1h, sizes as 512KiB, 30MiB or a number of bytes.

            EXAMPLES:
              leveroshost                                  on 127.0.0.1:8080, data in ./.lever
              leveroshost --listen 127.0.0.1:0             on a free port, which is printed
              leveroshost --listen unix:/run/lever.sock --data-dir /var/lib/lever --log-format json
              leveroshost --driver docker                  instances are containers
              leveroshost --config /etc/lever.json

            SIGTERM or SIGINT: calls in progress get --shutdown-timeout to finish; a second signal ends the host at once.
            """,
        version: LeverVersion.current)

    @Option(help: ArgumentHelp("A JSON file with settings (LEVEROSHOST_CONFIG).", valueName: "file"))
    var config: String?

    @Option(name: .shortAndLong, help: Self.help(.listen))
    var listen: String?

    @Option(name: .shortAndLong, help: Self.help(.dataDirectory))
    var dataDir: String?

    @Option(help: Self.help(.driver))
    var driver: String?

    @Option(help: Self.help(.dockerHost))
    var dockerHost: String?

    @Option(help: Self.help(.dockerCertificates))
    var dockerCertPath: String?

    @Option(help: Self.help(.dockerImage))
    var dockerImage: String?

    @Option(help: Self.help(.dockerNodeImage))
    var dockerNodeImage: String?

    @Option(help: Self.help(.dockerAllowImages))
    var dockerAllowImages: String?

    @Option(help: Self.help(.dockerUser))
    var dockerUser: String?

    @Flag(help: Self.help(.allowWeakIsolation))
    var allowWeakIsolation = false

    @Option(help: Self.help(.logLevel))
    var logLevel: String?

    @Option(help: Self.help(.logFormat))
    var logFormat: String?

    @Option(help: Self.help(.trustedHosts))
    var trustedHosts: String?

    @Option(help: Self.help(.adminPeers))
    var adminPeers: String?

    @Option(help: Self.help(.startTimeout))
    var startTimeout: String?

    @Option(help: Self.help(.idleTimeout))
    var idleTimeout: String?

    @Option(help: Self.help(.drainTimeout))
    var drainTimeout: String?

    @Option(help: Self.help(.channelDrainTimeout))
    var channelDrainTimeout: String?

    @Option(help: Self.help(.livenessTimeout))
    var livenessTimeout: String?

    @Option(help: Self.help(.adoptionTimeout))
    var adoptionTimeout: String?

    @Option(help: Self.help(.resourceIdleTimeout))
    var resourceIdleTimeout: String?

    @Option(help: Self.help(.shutdownTimeout))
    var shutdownTimeout: String?

    @Option(help: Self.help(.deadline))
    var deadline: String?

    @Option(help: Self.help(.maximumUpload))
    var maxUpload: String?

    @Option(help: Self.help(.maximumUnpacked))
    var maxUnpacked: String?

    @Option(help: Self.help(.maximumBody))
    var maxBody: String?

    @Option(help: Self.help(.logBytesPerService))
    var maxServiceLogs: String?

    @Option(help: Self.help(.logBytes))
    var maxLogs: String?

    @Option(help: Self.help(.threads))
    var threads: String?

    func run() async throws {
        let settings: HostSettings
        do {
            settings = try HostSettings(
                flags: flags, file: config, variable: { getenv($0).map { String(cString: $0) } })
            try settings.configuration.validate()
            if settings.driver != .process { try settings.docker.validate() }
        } catch let error as RuntimeError {
            throw ValidationError(error.description)
        }
        do {
            try await HostRun(settings).run()
        } catch let error as RuntimeError {
            HostRun.complain(error.description)
            throw ExitCode(1)
        }
    }

    private var flags: [HostSetting: String] {
        let given: [(HostSetting, String?)] = [
            (.listen, listen), (.dataDirectory, dataDir), (.driver, driver), (.logLevel, logLevel),
            (.logFormat, logFormat), (.trustedHosts, trustedHosts), (.adminPeers, adminPeers),
            (.startTimeout, startTimeout),
            (.idleTimeout, idleTimeout), (.drainTimeout, drainTimeout), (.channelDrainTimeout, channelDrainTimeout),
            (.livenessTimeout, livenessTimeout), (.adoptionTimeout, adoptionTimeout),
            (.resourceIdleTimeout, resourceIdleTimeout),
            (.shutdownTimeout, shutdownTimeout),
            (.deadline, deadline), (.maximumUpload, maxUpload), (.maximumUnpacked, maxUnpacked),
            (.maximumBody, maxBody), (.logBytesPerService, maxServiceLogs), (.logBytes, maxLogs), (.threads, threads),
            (.dockerHost, dockerHost),
            (.dockerCertificates, dockerCertPath), (.dockerImage, dockerImage), (.dockerNodeImage, dockerNodeImage),
            (.dockerAllowImages, dockerAllowImages), (.dockerUser, dockerUser),
            (.allowWeakIsolation, allowWeakIsolation ? "true" : nil),
        ]
        return given.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }

    private static func help(_ setting: HostSetting) -> ArgumentHelp {
        ArgumentHelp("\(setting.help) (\(setting.variable)).", valueName: setting.valueName)
    }
}
