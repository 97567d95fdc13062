import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension ProcessDriver {
    /// What the process driver needs to know, and its bounds.
    public struct Configuration: Sendable {
        /// The data directory whose instances these are: what an earlier run of it left is ended by
        /// ``ProcessDriver/prepare()``. `nil` for a host that keeps nothing; then there is no earlier run.
        public var dataDirectory: String?
        /// Where the instances' sockets go; short, since a socket's path has at most 103 bytes, and readable by this user
        /// alone. It must exist. `nil`: a new directory of its own below `TMPDIR` or `/tmp`.
        public var runtimeDirectory: String?
        /// Turns a JavaScript module into a command; `nil` where JavaScript services are not supported.
        public var javaScriptRuntime: (any JavaScriptRuntime)?
        /// The variables that instances get beside those of the platform.
        public var environment: [String: String] = Configuration.allowListed()
        /// Lines of output that are kept of each instance.
        public var outputLines = 200
        /// Bytes of one line that are kept; what is longer is cut.
        public var outputLineLength = 4096
        /// How long ``ProcessDriver/shutdown()`` and ``ProcessDriver/prepare()`` wait for killed processes to be gone.
        public var killTimeout: Duration = .seconds(10)
        /// An existing cgroup (version 2) in which the driver may make groups that enforce `ram`: delegated to this user,
        /// without processes of its own. `nil`: the cgroup of this process where that is possible.
        public var cgroupParent: String?
        /// Whether `ram` is enforced where it can be.
        public var enforcesMemory = true

        /// The names of the variables that instances may see of the host's own environment.
        public static let allowedVariables = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"]

        /// The defaults.
        public init() {}

        /// What suits a single host.
        public static var defaults: Configuration { Configuration() }

        /// Those of this process's variables that an instance may see.
        ///
        /// The one place where this library reads the environment: not for a setting, but to pass it on.
        public static func allowListed() -> [String: String] {
            var variables: [String: String] = [:]
            for name in allowedVariables {
                if let value = getenv(name) { variables[name] = String(cString: value) }
            }
            return variables
        }

        /// Checks the values.
        ///
        /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
        public func validate() throws {
            func require(_ condition: Bool, _ message: String) throws {
                guard condition else { throw RuntimeError(.invalidConfiguration, message) }
            }
            try require(outputLines > 0, "the process driver must keep at least one line of output, not \(outputLines)")
            try require(outputLineLength >= 80, "lines of output must have at least 80 bytes, not \(outputLineLength)")
            try require(
                killTimeout > .zero, "the time for killed processes to end must be above zero, not \(killTimeout)")
            for (name, value) in environment {
                try require(
                    !name.isEmpty && !name.utf8.contains(0) && !name.contains("=") && !value.utf8.contains(0),
                    "'\(name)' is no name of an environment variable, or its value has a NUL byte")
                try require(!name.hasPrefix("LEVEROS_"), "'\(name)' is set by the platform, and cannot be passed on")
            }
        }
    }
}
