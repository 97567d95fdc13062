import LeverCore
import Logging
import Synchronization

/// Gets images that are not there, each once, however many starts wait for it.
actor ImageStore {
    private let engine: Engine
    private let timeout: Duration
    private let logger: Logger
    private var pulls: [ImageReference: Task<Void, any Error>] = [:]
    private var listeners: [ImageReference: [@Sendable (String) -> Void]] = [:]
    /// Those that were there lately: the engine is not asked again before a start has failed for want of one.
    private var known: Set<ImageReference> = []
    /// Those that this host pulled, which it may remove again.
    private let record: PulledImages

    init(engine: Engine, timeout: Duration, record: PulledImages, logger: Logger) {
        self.engine = engine
        self.timeout = timeout
        self.record = record
        self.logger = logger
    }

    /// Makes sure that an image is there.
    ///
    /// - Throws: `RuntimeError` with the engine's message.
    func provide(_ image: ImageReference, progress: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        if known.contains(image) { return }
        let pull: Task<Void, any Error>
        if let running = pulls[image] {
            pull = running
        } else {
            pull = Task { try await get(image) }
            pulls[image] = pull
        }
        listeners[image, default: []].append(progress)
        try await pull.value
    }

    /// A start found that an image is not there any more.
    func forget(_ image: ImageReference) { known.remove(image) }

    /// Removes the images that this host has pulled and nobody needs, and says which.
    func prune(keeping kept: Set<ImageReference>) async throws -> [String] {
        var removed: [String] = []
        for image in record.all where !kept.contains(image) && pulls[image] == nil {
            known.remove(image)
            if try await engine.removeImage("\(image)") { removed.append("image \(image)") }
            // One that somebody else uses or has removed is not this host's any more.
            record.remove(image)
        }
        return removed
    }

    private func get(_ image: ImageReference) async throws {
        defer {
            pulls[image] = nil
            listeners[image] = nil
        }
        do {
            if try await !engine.hasImage("\(image)") {
                tell(image, "pulling \(image)")
                logger.notice("pulling an image", metadata: ["lever.image": "\(image)"])
                try await pull(image)
                tell(image, "pulled \(image)")
                record.add(image)
            }
        } catch let error as EngineError {
            throw error.asRuntimeError("the image \(image) could not be pulled")
        }
        known.insert(image)
    }

    private func pull(_ image: ImageReference) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let (lines, line) = AsyncStream.makeStream(of: LeverValue.self, bufferingPolicy: .bufferingNewest(256))
            group.addTask { [engine] in
                defer { line.finish() }
                try await engine.pull(image) { line.yield($0) }
            }
            group.addTask { [timeout] in
                try await Task.sleep(for: timeout)
                throw EngineError(status: nil, message: "it did not arrive within \(timeout)")
            }
            var progress = PullProgress(image)
            for await line in lines {
                if let text = progress.take(line) { tell(image, text) }
            }
            try await group.next()
        }
    }

    private func tell(_ image: ImageReference, _ line: String) {
        for listener in listeners[image] ?? [] { listener(line) }
    }
}
