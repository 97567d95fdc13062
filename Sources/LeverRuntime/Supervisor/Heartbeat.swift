import LeverCore
import LeverRouter
import LeverTransport
import NIOCore
import Synchronization

/// Asks one instance for signs of life, and remembers when the last one came.
final class Heartbeat: Sendable {
    private struct State {
        var lastAnswer = ContinuousClock.now
        var isAsking = false
    }

    private let route: InstanceRoute
    private let isOurs: Bool
    private let context: SupervisorContext
    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(_ route: InstanceRoute, isOurs: Bool, _ context: SupervisorContext) {
        self.route = route
        self.isOurs = isOurs
        self.context = context
        eventLoop = context.eventLoopGroup.next()
    }

    /// When the instance last answered; at first, when it became ready.
    var lastAnswer: ContinuousClock.Instant { state.withLock { $0.lastAnswer } }

    /// Asks, and returns at once.
    func ask() {
        if isOurs {
            // A PING that is lost with its connection is not missed: the next one goes over another.
            eventLoop.execute { [self] in
                context.router.onLoop(eventLoop).endpoint(for: route)?.ping { [self] in heard() }
            }
            return
        }
        let isFirst = state.withLock { state in
            defer { state.isAsking = true }
            return !state.isAsking
        }
        guard isFirst else { return }
        guard case .address(let address) = route.place else { return }
        var configuration = EndpointConfiguration.defaults
        configuration.connectTimeout = context.bounds.liveness.silenceTimeout
        eventLoop.execute { [self, configuration] in
            let endpoint = HTTP2Endpoint(
                address: address, eventLoop: eventLoop, configuration: configuration, logger: context.logger)
            endpoint.probe { [self] result in
                if case .success = result { heard() }
                state.withLock { $0.isAsking = false }
                endpoint.close()
            }
        }
    }

    private func heard() {
        state.withLock { $0.lastAnswer = .now }
    }
}
