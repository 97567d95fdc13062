import LeverCore
import LeverRuntime
import Logging
import ServiceLifecycle

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Runs a host with its settings until a signal ends it.
struct HostRun {
    private let settings: HostSettings

    init(_ settings: HostSettings) {
        self.settings = settings
    }

    func run() async throws {
        let settings = settings
        LoggingSystem.bootstrap { HostLog(label: $0, format: settings.logFormat, level: settings.logLevel) }
        // A peer that is gone is an error of its connection, not the end of the host.
        signal(SIGPIPE, SIG_IGN)
        let logger = Logger(label: "leveroshost")
        var extensions = LeverHost.Extensions()
        extensions.driver = try await Self.driver(settings, logger)
        let host = try LeverHost(configuration: settings.configuration, extensions: extensions, logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: host, successTerminationBehavior: .gracefullyShutdownGroup)], logger: logger))
        let signals = Signals()
        let first = signals.first
        try await withThrowingTaskGroup { tasks in
            tasks.addTask {
                for await _ in first { await group.triggerGracefulShutdown() }
            }
            tasks.addTask {
                let address = try await host.address
                if settings.logFormat == .text { Self.greet(address, settings) }
            }
            try await group.run()
            tasks.cancelAll()
        }
        // Until here signals are heard.
        withExtendedLifetime(signals) {}
    }

    /// The driver that was chosen; `nil` for the host's own.
    private static func driver(_ settings: HostSettings, _ logger: Logger) async throws -> (any ContainerDriver)? {
        switch settings.driver {
        case .process: return nil
        case .docker: return try settings.docker.makeDriver(logger)
        case .auto:
            do {
                let engine = try await settings.docker.identifyEngine()
                logger.notice(
                    "instances run in containers, since an engine answers", metadata: ["lever.engine": "\(engine)"])
                return try settings.docker.makeDriver(logger)
            } catch let error as RuntimeError where error.code == .driver {
                logger.notice("instances run as processes", metadata: ["lever.reason": "\(error)"])
                return nil
            }
        }
    }

    private static func greet(_ address: String, _ settings: HostSettings) {
        let isDefault = address == "127.0.0.1:8080"
        let host = isDefault ? "" : " -H \(address)"
        print(
            """

            Lever \(LeverVersion.current) listens on \(address); its data is in \(settings.configuration.dataDirectory ?? "memory").
            Deploy a directory with a lever.json and call its methods, from another terminal:

              lever deploy\(host) dev.lever <directory>
              lever invoke\(host) lever://dev.lever/<service>/<method> '"world"'
            \(address.hasPrefix("unix:") ? "" : """
              curl -H 'Content-Type: application/json' -d '["world"]' 'http://\(address)/<service>/<method>?forceenv=dev.lever'

            """)
            Ctrl-C stops it.

            """)
        fflush(nil)
    }

    /// Writes a line about a failure to standard error.
    static func complain(_ message: String) {
        HostLog.write("leveroshost: \(message)\n")
    }
}
