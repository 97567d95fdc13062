package import LeverCore

/// What a deployment tells its caller on the way, in order and without making the deployment wait for the network.
struct DeploymentReport: Sendable {
    private let events: AsyncStream<DeploymentProgress>
    private let input: AsyncStream<DeploymentProgress>.Continuation

    init() {
        (events, input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    /// Takes one event, from anywhere.
    @Sendable func take(_ event: DeploymentProgress) {
        input.yield(event)
    }

    /// Says that nothing more comes.
    func end() {
        input.finish()
    }

    /// Sends what is taken until ``end()``. With `isQuiet` nothing is sent: old clients take any message for a failure.
    func send(over channel: any RPCChannel, isQuiet: Bool) async {
        for await event in events where !isQuiet {
            // A caller that is gone is noticed by whoever receives.
            try? await channel.send(.value(event.value))
        }
    }
}

/// What happens during a deployment.
package enum DeploymentProgress: Sendable {
    /// It has come to a phase.
    case phase(String, message: String)
    /// Something in the package should be looked after.
    case warning(String)
    /// The version is live; the last event.
    case live(LiveVersion)

    /// A version has come to a phase of taking over.
    static func phase(_ phase: DeploymentPhase, of version: Int) -> DeploymentProgress {
        .phase(
            phase.rawValue,
            message: phase == .starting ? "version \(version) starts" : "version \(version) answers")
    }

    /// The message of `DeployChan` that says so.
    var value: LeverValue {
        switch self {
        case .phase(let phase, let message): ["phase": .string(phase), "message": .string(message)]
        case .warning(let text): ["warning": .string(text)]
        case .live(let live):
            [
                "phase": "live", "service": .string(live.service.service.rawValue),
                "version": .number(Double(live.version)), "url": .string("lever://\(live.service)"),
            ]
        }
    }
}

/// A version that a deployment made live.
package struct LiveVersion: Sendable, Hashable {
    package var service: ServiceID
    package var version: Int
}

/// Why a deployment was refused or failed, in words for the service's developer; it goes to the caller as the method's own
/// error.
package struct DeploymentError: Error, Sendable {
    package var text: String

    package init(_ text: String) {
        self.text = text
    }
}
