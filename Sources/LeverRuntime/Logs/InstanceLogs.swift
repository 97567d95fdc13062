package import LeverCore
package import Logging
package import NIOPosix
import Synchronization

/// The one way of what instances write, whatever driver starts them: from their `OutputLog` into rotating files, and back for
/// whoever looks at it later.
///
/// Nothing waits for it: lines wait in bounded memory while the disk is slow, full or gone, and the oldest are dropped where they
/// are too many; the numbers of the others tell how many.
package final class InstanceLogs: Sendable {
    /// About how much is written at once.
    private static let batchBytes = 256 << 10
    /// How long may be written on after the end.
    private static let patience: Duration = .seconds(2)

    let queue: LogQueue
    private let files: LogFiles
    private let work: BlockingWork
    private let retryPause: Duration
    private let logger: Logger
    private let endTime = Mutex<ContinuousClock.Instant?>(nil)

    /// Finds what earlier runs left, and removes what belongs to no service any more.
    ///
    /// - Parameters:
    ///   - directory: where the files are.
    ///   - services: the services that there are.
    ///   - bounds: how much is kept, and how much may wait.
    ///   - retryPause: after how long what could not be written is tried again.
    ///   - logger: where it says that it cannot write.
    ///   - threads: where it blocks.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.dataDirectory` where the files cannot be found or removed.
    package init(
        _ directory: DataDirectory, services: [ServiceID], bounds: LeverHost.Configuration.Logs = .init(),
        retryPause: Duration = .seconds(1), logger: Logger, threads: NIOThreadPool = .singleton
    ) async throws {
        work = BlockingWork(threads: threads)
        files = try await work.run {
            try LogFiles(
                directory, services: services, bytesPerService: bounds.bytesPerService, bytes: bounds.bytes)
        }
        queue = LogQueue(bytesPerInstance: bounds.waitingBytesPerInstance, bytes: bounds.waitingBytes)
        self.retryPause = retryPause
        self.logger = logger
    }

    /// Where the lines of an instance go.
    func sink(of instance: InstanceID, _ service: ServiceID) -> any OutputSink {
        Sink(queue: queue, source: LogQueue.Source(service: service, instance: instance))
    }

    private struct Sink: OutputSink {
        let queue: LogQueue
        let source: LogQueue.Source

        func take(_ lines: [OutputLog.Line], after number: Int) { queue.add(lines, after: number, of: source) }
    }

    /// Removes all files of a service, whose instances are gone.
    func remove(_ service: ServiceID) async throws {
        queue.forget(service)
        try await work.run { [files] in try files.remove(service) }
    }

    // MARK: Writing

    /// Writes what comes, until ``end()`` and for a short time after it.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var failing: Set<ServiceID> = []
            while let batch = await queue.next(bytes: Self.batchBytes) {
                let failure = await write(batch)
                if let failure {
                    // Held back until then; others have their turn.
                    group.addTask { [queue, retryPause] in
                        try? await Task.sleep(for: retryPause)
                        queue.release(batch.source)
                    }
                    if failing.isEmpty {
                        logger.error(
                            "what instances write cannot be kept; lines are dropped until it can",
                            metadata: ["lever.service": "\(batch.source.service)", "lever.error": "\(failure)"])
                    }
                    failing.insert(batch.source.service)
                } else if failing.remove(batch.source.service) != nil, failing.isEmpty {
                    logger.notice("what instances write is kept again")
                }
                if let end = endTime.withLock({ $0 }), end < .now { break }
                // Lines that come one by one are then written together.
                if queue.waitingBytes < Self.batchBytes / 2 { try? await Task.sleep(for: .milliseconds(10)) }
            }
            group.cancelAll()
        }
        let lost = queue.count
        if lost > 0 {
            logger.error("the last that instances wrote is lost", metadata: ["lever.lines": "\(lost)"])
        }
    }

    /// Says that nothing more comes.
    package func end() {
        endTime.withLock { $0 = .now + Self.patience }
        queue.end()
    }

    private func write(_ batch: LogQueue.Batch) async -> RuntimeError? {
        let records = batch.lines.map { $0.record(of: batch.source.instance) }
        let result: (written: Int, failure: RuntimeError?)
        do {
            result = try await work.run { [files, queue] in
                files.append(records, of: batch.source.service) { queue.wants(batch) }
            }
        } catch {
            result = (0, error as? RuntimeError ?? RuntimeError(.dataDirectory, "\(error)"))
        }
        queue.finish(batch, written: result.written, isHeld: result.failure != nil)
        return result.failure
    }

    // MARK: Reading

    /// The services of an environment of which something is kept.
    func services(in environment: EnvironmentName) async throws -> [ServiceID] {
        try await work.run { [files] in files.services.filter { $0.environment == environment } }
    }

    /// The newest lines of a service that are kept or wait for it, at least `limit` where there are so many.
    func kept(
        _ service: ServiceID, instance: InstanceID? = nil, since: Double = 0, limit: Int
    ) async throws -> [LogRecord] {
        // In this order, so that what is written meanwhile is seen in one of the places.
        let waiting = queue.lines(of: service, instance: instance).filter { $0.time >= since }
        let written = try await work.run { [files] in
            files.read(service, instance: instance, since: since, limit: limit)
        }
        return written + waiting
    }
}
