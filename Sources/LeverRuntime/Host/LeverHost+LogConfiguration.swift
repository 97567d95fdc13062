import LeverRouter

extension LeverHost.Configuration {
    /// What is kept of what instances write to their standard output and error, beside the last lines in memory: files in the
    /// data directory, `logs/<environment>/<service>/`.
    ///
    /// Instances never wait for them. Lines wait in memory until they are written; where they are too many, because an instance
    /// writes faster than the disk or the disk is full, the oldest of the instance that writes more are dropped, and whoever reads
    /// is told how many.
    public struct Logs: Sendable {
        /// Bytes that are kept of each service; the oldest file goes first. 0 keeps no files, and removes those that are there.
        public var bytesPerService = 16 << 20
        /// Bytes that are kept in all; the oldest file of whatever service goes first.
        public var bytes = 1 << 30
        /// About how many bytes of one instance may wait to be written.
        public var waitingBytesPerInstance = 1 << 20
        /// About how many bytes of all instances may wait to be written.
        public var waitingBytes = 32 << 20

        /// Makes the defaults.
        public init() {}

        /// Checks the values.
        ///
        /// - Throws: `RuntimeError` with `RuntimeError.Code.invalidConfiguration`.
        func validate() throws {
            let most = 1 << 50
            if bytesPerService != 0 {
                try RouterConfiguration.check("logs.bytesPerService", bytesPerService, in: (64 << 10)...most)
                try RouterConfiguration.check("logs.bytes", bytes, in: bytesPerService...most)
            }
            try RouterConfiguration.check("logs.waitingBytes", waitingBytes, in: (64 << 10)...most)
            try RouterConfiguration.check(
                "logs.waitingBytesPerInstance", waitingBytesPerInstance, in: (4 << 10)...waitingBytes)
        }
    }
}
