internal import LeverClient
internal import Synchronization

/// Shows on standard error what happens during a deployment: on a terminal a bar, elsewhere only what is worth a line in a log.
final class DeployDisplay: Sendable {
    private struct State {
        /// Whether the cursor stands behind a bar.
        var isInBar = false
        var lastPercent = -1
    }

    private let terminal = Terminal.error
    private let state = Mutex(State())

    /// Shows an event.
    @Sendable func show(_ event: DeploymentEvent) {
        switch event {
        case .uploading(let sent, let fraction): showBar(sent, fraction)
        case .uploaded(let bytes): showLine("Uploaded \(ProgressBar.size(bytes)).")
        case .phase(let phase, let message): showLine(Self.text(of: phase, message))
        case .warning(let text):
            showLine(terminal.isColoured ? "\u{1B}[1;33mwarning:\u{1B}[0m \(text)" : "warning: \(text)")
        }
    }

    /// Leaves the line of the bar.
    func finish() {
        state.withLock { state in
            if state.isInBar { terminal.write(Self.clearLine) }
            state.isInBar = false
        }
    }

    /// What is printed when the version is live: which, where, and what to type next.
    func summary(of deployment: Deployment) -> String {
        let version = deployment.version.map { "\(deployment.service) version \($0)" } ?? "\(deployment.service)"
        return """
            \(version) is live at \(deployment.url)
            Call a method with: lever invoke \(deployment.url)/<method> '"argument"'
            """
    }

    private static let clearLine = Array("\r\u{1B}[K".utf8)

    private static func text(of phase: String, _ message: String?) -> String {
        if let message, !message.isEmpty { return message }
        return switch phase {
        case "received": "The host has the package."
        case "unpacked": "Unpacked."
        case "starting": "Starting an instance..."
        case "ready": "The instance is ready."
        default: phase
        }
    }

    private func showLine(_ text: String) {
        state.withLock { state in
            let start = state.isInBar ? Self.clearLine : []
            state.isInBar = false
            terminal.write(start + Array((text + "\n").utf8))
        }
    }

    /// Writes a line where there can be no bar, so that a log shows what takes long.
    private func sayOnce(_ text: String) {
        let isFirst = state.withLock { state in
            defer { state.lastPercent = 0 }
            return state.lastPercent < 0
        }
        if isFirst { showLine(text) }
    }

    private func showBar(_ sent: Int, _ fraction: Double) {
        guard terminal.isInteractive else { return sayOnce("Uploading...") }
        state.withLock { state in
            let percent = Int(fraction * 100)
            guard percent != state.lastPercent else { return }
            state.lastPercent = percent
            state.isInBar = true
            let line = ProgressBar(width: terminal.width - 1).line("Uploading", fraction: fraction, bytes: sent)
            terminal.write(Self.clearLine + Array(line.utf8))
        }
    }
}
