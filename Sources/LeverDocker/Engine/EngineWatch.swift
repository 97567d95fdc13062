import AsyncHTTPClient
import LeverCore
import Logging

/// Follows what an engine says of this host's containers, over its absences.
struct EngineWatch: Sendable {
    /// What there is to hear.
    enum Event: Sendable {
        /// A container has died.
        case died(String)
        /// The engine answers, for the first time or again: containers may have died unheard.
        case answers
        /// The engine does not answer any more.
        case isGone
    }

    private static let longestPause: Duration = .seconds(5)

    let engine: Engine
    let label: String
    let logger: Logger

    /// Hears events until its task is cancelled.
    func run(_ hear: @escaping @Sendable (Event) async -> Void) async {
        var pause = Duration.milliseconds(100)
        while !Task.isCancelled {
            do {
                let body = try await engine.events(labelled: label)
                await hear(.answers)
                pause = .milliseconds(100)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // The engine answers a moment before it listens to itself.
                    group.addTask {
                        try await Task.sleep(for: .milliseconds(500))
                        await hear(.answers)
                    }
                    var lines = JSONLines()
                    for try await bytes in body {
                        for line in try lines.take(bytes) {
                            if let event = Self.event(line) { await hear(event) }
                        }
                    }
                    group.cancelAll()
                }
            } catch {
                if Task.isCancelled { return }
                logger.debug("the container engine's events ended", metadata: ["lever.error": "\(error)"])
            }
            if Task.isCancelled { return }
            await hear(.isGone)
            try? await Task.sleep(for: pause)
            pause = min(Self.longestPause, pause * 2)
        }
    }

    private static func event(_ line: LeverValue) -> Event? {
        guard let action = line["Action"]?.stringValue ?? line["status"]?.stringValue,
            let id = line["Actor"]?["ID"]?.stringValue ?? line["id"]?.stringValue
        else { return nil }
        return action == "die" || action == "died" ? .died(id) : nil
    }
}
