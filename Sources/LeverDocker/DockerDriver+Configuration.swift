import LeverCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

extension DockerDriver {
    /// What the driver needs to know, and its bounds.
    public struct Configuration: Sendable {
        /// Where the engine answers, as in `DOCKER_HOST`: `unix:///path` or `tcp://host:port`. It has to run on this machine:
        /// code and sockets are mounted from here.
        public var engine = "unix:///var/run/docker.sock"
        /// The folder with `ca.pem`, `cert.pem` and `key.pem` for TLS over TCP, as in `DOCKER_CERT_PATH`; `nil` without TLS.
        public var certificates: String?
        /// The data directory whose instances these are: what an earlier run of it left is ended by
        /// ``DockerDriver/prepare()``. `nil` for a host that keeps nothing.
        public var dataDirectory: String?
        /// Where the sockets go that are mounted into containers, on a path of at most 70 bytes. `nil`: below `/run/lever`, or for
        /// users who may not write there below `/tmp`.
        public var runtimeDirectory: String?
        /// The image for services with an `entry`.
        public var image = "debian:bookworm-slim"
        /// The image for services with a `jsEntry`; it needs a `node` of version 18 or newer on its PATH.
        public var nodeImage = "node:22-slim"
        /// Whether services may choose an image in their `lever.json`.
        public var allowsImages = true
        /// The user and the group of instances, as numbers: `1000:1000`. `nil`: nobody (65534), where the host runs as root,
        /// else the host's own user.
        public var user: String?
        /// Whether instances are started though nothing keeps them from the host's ports and from other environments' networks.
        public var allowsWeakIsolation = false
        /// The variables that instances get beside those of the platform and of their image.
        public var environment: [String: String] = [:]
        /// Processors that an instance may use at once, where its manifest says nothing; `nil` for all.
        public var cpus: Double?
        /// Processes and threads that an instance may have.
        public var processes = 512
        /// The size of an instance's `/tmp` in bytes, at most half of its memory.
        public var temporaryBytes = 64 << 20
        /// Bytes of an instance's output that the engine keeps on its disk.
        public var logBytes = 1 << 20
        /// Lines of output that are kept in memory of each instance.
        public var outputLines = 200
        /// Bytes of one line that are kept; what is longer is cut.
        public var outputLineLength = 4096
        /// How long a request to the engine may take.
        public var engineTimeout: Duration = .seconds(60)
        /// How long an image may take to arrive.
        public var pullTimeout: Duration = .seconds(900)
        /// How long ``DockerDriver/shutdown()`` waits for killed instances to be gone.
        public var killTimeout: Duration = .seconds(20)

        /// The least memory that the engine takes for a limit.
        static let leastMemory = 6 << 20

        /// The defaults.
        public init() {}

        /// The defaults.
        public static var defaults: Configuration { Configuration() }

        /// The user and the group.
        ///
        /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
        func identity() throws -> (user: UInt32, group: UInt32) {
            guard let user else {
                // Of all users nobody can do the least; whoever is not root cannot give files away.
                return geteuid() == 0 ? (65534, 65534) : (geteuid(), getegid())
            }
            let parts = user.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
            guard (1...2).contains(parts.count), let number = parts[0], let group = parts.count == 2 ? parts[1] : number
            else {
                throw RuntimeError(
                    .invalidConfiguration, "docker user \"\(user)\" should be numbers such as 1000 or 1000:1000")
            }
            guard number != 0 else {
                throw RuntimeError(.invalidConfiguration, "docker user \"\(user)\": instances do not run as root")
            }
            return (number, group)
        }

        /// Checks all values.
        ///
        /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`, naming the value.
        public func validate() throws {
            _ = try EngineAddress(engine, certificates: certificates)
            _ = try identity()
            for (name, value) in [("image", image), ("nodeImage", nodeImage)] where value.isEmpty || value.contains(" ")
            {
                throw RuntimeError(.invalidConfiguration, "docker \(name) \"\(value)\" is no reference of an image")
            }
            if let runtimeDirectory, !runtimeDirectory.hasPrefix("/") {
                throw RuntimeError(
                    .invalidConfiguration, "docker runtimeDirectory \"\(runtimeDirectory)\" should be an absolute path")
            }
            if let cpus, !(0.01...1024).contains(cpus) {
                throw RuntimeError(.invalidConfiguration, "docker cpus \(cpus) should be from 0.01 to 1024")
            }
            try Self.check("processes", processes, in: 1...1_000_000)
            try Self.check("temporaryBytes", temporaryBytes, in: 1 << 16...1 << 40)
            try Self.check("logBytes", logBytes, in: 1 << 16...1 << 40)
            try Self.check("outputLines", outputLines, in: 1...1_000_000)
            try Self.check("outputLineLength", outputLineLength, in: 1...1_000_000)
            for (name, time) in [
                ("engineTimeout", engineTimeout), ("pullTimeout", pullTimeout), ("killTimeout", killTimeout),
            ] where time <= .zero {
                throw RuntimeError(.invalidConfiguration, "docker \(name) \(time) should be above zero")
            }
        }

        private static func check(_ name: String, _ value: Int, in range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw RuntimeError(
                    .invalidConfiguration,
                    "docker \(name) \(value) should be from \(range.lowerBound) to \(range.upperBound)")
            }
        }
    }
}
