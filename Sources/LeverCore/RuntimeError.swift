/// An error of this process that never crosses the wire: configuration, files, start-up, misuse.
public struct RuntimeError: Error, Sendable, CustomStringConvertible {
    /// Which kind of failure it is.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Wrapped: String, Sendable {
            case invalidConfiguration, invalidInput, bindFailed, dataDirectory, catalog, driver, package, stopped
        }

        private let wrapped: Wrapped

        /// A configuration value is unusable.
        public static let invalidConfiguration = Self(wrapped: .invalidConfiguration)
        /// Input of this process (a file, a manifest, a name) is malformed.
        public static let invalidInput = Self(wrapped: .invalidInput)
        /// A listening address could not be taken.
        public static let bindFailed = Self(wrapped: .bindFailed)
        /// The data directory cannot be used, or another host uses it.
        public static let dataDirectory = Self(wrapped: .dataDirectory)
        /// The catalog failed.
        public static let catalog = Self(wrapped: .catalog)
        /// A driver could not do what it was asked to.
        public static let driver = Self(wrapped: .driver)
        /// A package (archive) is malformed or too large.
        public static let package = Self(wrapped: .package)
        /// The part has been stopped, or never ran.
        public static let stopped = Self(wrapped: .stopped)

        /// The code's name.
        public var description: String { wrapped.rawValue }
    }

    /// Which kind of failure it is.
    public var code: Code
    /// What was wrong, naming the offending value.
    public var message: String
    /// What led to it.
    public var cause: (any Error)?

    /// Makes an error of its parts.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, with its cause.
    public var description: String {
        cause.map { "\(message): \($0)" } ?? message
    }
}
