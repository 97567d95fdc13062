import LeverCore
import LeverRuntime
import Logging

/// One setting of a host: what it is called as a flag, as a variable and in the file, and what it changes.
enum HostSetting: String, CaseIterable {
    case listen
    case dataDirectory = "data-dir"
    case driver
    case dockerHost = "docker-host"
    case dockerCertificates = "docker-cert-path"
    case dockerImage = "docker-image"
    case dockerNodeImage = "docker-node-image"
    case dockerAllowImages = "docker-allow-images"
    case dockerUser = "docker-user"
    case allowWeakIsolation = "allow-weak-isolation"
    case logLevel = "log-level"
    case logFormat = "log-format"
    case trustedHosts = "trusted-hosts"
    case adminPeers = "admin-peers"
    case startTimeout = "start-timeout"
    case idleTimeout = "idle-timeout"
    case drainTimeout = "drain-timeout"
    case channelDrainTimeout = "channel-drain-timeout"
    case livenessTimeout = "liveness-timeout"
    case adoptionTimeout = "adoption-timeout"
    case resourceIdleTimeout = "resource-idle-timeout"
    case shutdownTimeout = "shutdown-timeout"
    case deadline
    case maximumUpload = "max-upload"
    case maximumUnpacked = "max-unpacked"
    case maximumBody = "max-body"
    case logBytesPerService = "max-service-logs"
    case logBytes = "max-logs"
    case threads

    /// Its name in the file; with `--` in front the flag.
    var key: String { rawValue }

    /// Its name in the environment.
    var variable: String {
        "LEVEROSHOST_" + rawValue.uppercased().split(separator: "-").joined(separator: "_")
    }

    /// What it is, for the help page.
    var help: String {
        switch self {
        case .listen: "Where to listen; else 127.0.0.1:8080"
        case .dataDirectory: "Where the catalog, packages and code are kept; else ./.lever"
        case .driver:
            "What starts instances: process, docker, or auto for docker where an engine answers; else process"
        case .dockerHost: "Where the engine answers: unix:///path or tcp://host:port; else DOCKER_HOST"
        case .dockerCertificates: "The folder with ca.pem, cert.pem and key.pem for tcp; else as DOCKER_TLS_VERIFY says"
        case .dockerImage: "The image of services with an entry; else debian:bookworm-slim"
        case .dockerNodeImage: "The image of services with a jsEntry; else node:22-slim"
        case .dockerAllowImages: "Whether a lever.json may choose its image; else true"
        case .dockerUser: "The user of instances, as numbers such as 1000:1000; else 65534 under root, or the host's"
        case .allowWeakIsolation:
            "Start containers though nothing keeps them from the host's ports and from other environments"
        case .logLevel: "trace, debug, info, notice, warning, error; else info"
        case .logFormat: "text or json; else text"
        case .trustedHosts:
            "Names, joined by commas, under which the administration answers over HTTP beside loopback's"
        case .adminPeers:
            "Addresses and ranges (10.0.0.0/8), joined by commas, that may use the administration beside loopback"
        case .startTimeout: "How long an instance may take to its first answer; else 15s"
        case .idleTimeout: "How long a service without calls keeps its last instance; else 1m"
        case .drainTimeout: "How long calls may go on at an old version; else 30s"
        case .channelDrainTimeout: "How long channels may stay open at an old version; else 5m"
        case .livenessTimeout: "How long an instance may be silent and still before it is replaced; else 30s"
        case .adoptionTimeout:
            "How long a container of a killed host may take to say which resources it holds, 0s to end them all; else 3s"
        case .resourceIdleTimeout: "How long a resource without calls stays active; else 3m"
        case .shutdownTimeout: "How long calls may go on once the host is to stop; else 10s"
        case .deadline: "The deadline of calls that bring none; else 60s"
        case .maximumUpload: "The largest package, compressed; else 30MiB"
        case .maximumUnpacked: "The most that a package may unpack to; else 300MiB"
        case .maximumBody: "The largest body of an HTTP call; else 512KiB"
        case .logBytesPerService: "What is kept of what a service's instances write, 0 for nothing; else 16MiB"
        case .logBytes: "What is kept of what all instances write; else 1GiB"
        case .threads: "Event loops that carry calls; else one for each core"
        }
    }

    /// What stands for its value in the help page.
    var valueName: String {
        switch self {
        case .listen: "host:port|unix:path"
        case .dataDirectory: "directory"
        case .dockerHost: "unix:///path|tcp://host:port"
        case .dockerCertificates: "directory"
        case .dockerImage, .dockerNodeImage: "image"
        case .dockerUser: "user:group"
        case .dockerAllowImages, .allowWeakIsolation: "true|false"
        case .driver, .logLevel, .logFormat, .trustedHosts: "name"
        case .adminPeers: "address"
        case .startTimeout, .idleTimeout, .drainTimeout, .channelDrainTimeout, .livenessTimeout, .adoptionTimeout,
            .resourceIdleTimeout, .shutdownTimeout, .deadline:
            "time"
        case .maximumUpload, .maximumUnpacked, .maximumBody, .logBytesPerService, .logBytes: "size"
        case .threads: "number"
        }
    }

    /// Puts a value in.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidConfiguration``, naming the text.
    func apply(_ text: String, to settings: inout HostSettings) throws {
        switch self {
        case .listen: settings.configuration.listen = text
        case .dataDirectory: settings.configuration.dataDirectory = text
        case .driver:
            guard let choice = DriverChoice(rawValue: text) else {
                throw unusable(
                    text, "it should be one of \(DriverChoice.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            settings.driver = choice
        case .dockerHost: settings.docker.engine = text
        case .dockerCertificates: settings.docker.certificates = text
        case .dockerImage: settings.docker.image = text
        case .dockerNodeImage: settings.docker.nodeImage = text
        case .dockerAllowImages: settings.docker.allowsImages = try flag(text)
        case .dockerUser: settings.docker.user = text
        case .allowWeakIsolation: settings.docker.allowsWeakIsolation = try flag(text)
        case .logLevel:
            guard let level = Logger.Level(rawValue: text) else {
                throw unusable(
                    text, "it should be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            settings.logLevel = level
        case .logFormat:
            guard let format = LogFormat(rawValue: text) else { throw unusable(text, "it should be text or json") }
            settings.logFormat = format
        case .trustedHosts:
            settings.configuration.trustedHosts = Self.list(text)
        case .adminPeers: settings.configuration.adminPeers = Self.list(text)
        case .startTimeout: settings.configuration.instances.startTimeout = try time(text)
        case .idleTimeout: settings.configuration.scaling.idleTimeout = try time(text)
        case .drainTimeout: settings.configuration.instances.drainTimeout = try time(text)
        case .channelDrainTimeout: settings.configuration.instances.channelDrainTimeout = try time(text)
        case .livenessTimeout:
            let timeout = try time(text)
            settings.configuration.instances.liveness.livenessTimeout = timeout
            // It gets no new calls before it counts as dead.
            settings.configuration.instances.liveness.silenceTimeout = min(.seconds(5), timeout / 2)
        case .adoptionTimeout: settings.configuration.instances.adoptionTimeout = try time(text)
        case .resourceIdleTimeout: settings.configuration.resources.resourceIdleTimeout = try time(text)
        case .shutdownTimeout: settings.configuration.shutdownTimeout = try time(text)
        case .deadline: settings.configuration.calls.defaultDeadline = try time(text)
        case .maximumUpload: settings.configuration.uploads.limits.packageBytes = try size(text)
        case .maximumUnpacked: settings.configuration.uploads.limits.unpackedBytes = try size(text)
        case .maximumBody: settings.configuration.front.maximumBodySize = try size(text)
        case .logBytesPerService: settings.configuration.logs.bytesPerService = try size(text)
        case .logBytes: settings.configuration.logs.bytes = try size(text)
        case .threads:
            guard let number = Int(text) else { throw unusable(text, "it should be a number") }
            settings.configuration.threads = number
        }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { part in String(part.filter { $0 != " " }) }
    }

    private func flag(_ text: String) throws -> Bool {
        switch text {
        case "true", "1", "yes": true
        case "false", "0", "no": false
        default: throw unusable(text, "it should be true or false")
        }
    }

    private func time(_ text: String) throws -> Duration {
        guard let time = Quantity.time(text) else {
            throw unusable(text, "it should be a time such as 250ms, 30s, 5m or 1h")
        }
        return time
    }

    private func size(_ text: String) throws -> Int {
        guard let size = Quantity.size(text) else {
            throw unusable(text, "it should be a size such as 512KiB or 30MiB")
        }
        return size
    }

    private func unusable(_ text: String, _ why: String) -> RuntimeError {
        RuntimeError(.invalidConfiguration, "\(key) \"\(text)\": \(why)")
    }
}
