import LeverCore
import LeverRuntime
import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// How logs are written.
enum LogFormat: String {
    case text
    case json
}

/// What starts instances.
enum DriverChoice: String, CaseIterable {
    /// They are processes of this user.
    case process
    /// They are containers.
    case docker
    /// They are containers where an engine answers, else processes.
    case auto
}

/// All settings of this run, put together from flags, variables and file.
struct HostSettings {
    var configuration: LeverHost.Configuration
    var driver = DriverChoice.process
    var docker = ContainerSettings()
    var logLevel = Logger.Level.info
    var logFormat = LogFormat.text

    /// Puts the settings together: flags win over variables, variables over the file, the file over the defaults.
    ///
    /// - Throws: ``RuntimeError`` with ``RuntimeError/Code/invalidConfiguration``.
    init(flags: [HostSetting: String], file: String?, variable: (String) -> String?) throws {
        configuration = .defaults
        configuration.dataDirectory = ".lever"
        var texts: [HostSetting: String] = [:]
        if let path = file ?? variable("LEVEROSHOST_CONFIG") { texts = try Self.read(path) }
        for setting in HostSetting.allCases {
            if let text = variable(setting.variable) { texts[setting] = text }
            if let text = flags[setting] { texts[setting] = text }
        }
        // As for all programs that talk to an engine.
        if let host = variable("DOCKER_HOST"), !host.isEmpty { docker.engine = host }
        if variable("DOCKER_TLS_VERIFY")?.isEmpty == false {
            // Whoever wants TLS must not go without because nobody said where its files are.
            docker.certificates = variable("DOCKER_CERT_PATH") ?? "\(variable("HOME") ?? "")/.docker"
        }
        for setting in HostSetting.allCases {
            if let text = texts[setting] { try setting.apply(text, to: &self) }
        }
        docker.dataDirectory = configuration.dataDirectory
    }

    private static func read(_ path: String) throws -> [HostSetting: String] {
        let value: LeverValue
        do {
            value = try LeverValue(json: try bytes(of: path))
        } catch let error as RuntimeError {
            throw error
        } catch {
            throw RuntimeError(.invalidConfiguration, "\(path) is not JSON", cause: error)
        }
        guard case .object(let members) = value else {
            throw RuntimeError(.invalidConfiguration, "\(path) must hold an object, not \(value.kind)")
        }
        var texts: [HostSetting: String] = [:]
        for (key, value) in members {
            guard let setting = HostSetting(rawValue: key) else {
                throw RuntimeError(
                    .invalidConfiguration,
                    "\(path): there is no setting \"\(key)\"; known are "
                        + HostSetting.allCases.map(\.key).joined(separator: ", "))
            }
            switch value {
            case .string(let text): texts[setting] = text
            case .array(let elements): texts[setting] = elements.compactMap(\.stringValue).joined(separator: ",")
            case .bool(let flag): texts[setting] = "\(flag)"
            case .number: texts[setting] = value.intValue.map { "\($0)" } ?? value.description
            default:
                throw RuntimeError(.invalidConfiguration, "\(path): \"\(key)\" cannot be \(value.kind)")
            }
        }
        return texts
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else {
            throw RuntimeError(.invalidConfiguration, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= 1 << 20 else {
                throw RuntimeError(.invalidConfiguration, "\(path) is longer than 1 MiB: that is no file of settings")
            }
        }
    }
}
