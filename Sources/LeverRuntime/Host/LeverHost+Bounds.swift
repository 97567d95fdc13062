import LeverCore
import LeverRouter
import LeverTransport

// The configuration in the words of the parts.
extension LeverHost.Configuration {
    var router: RouterConfiguration {
        var router = RouterConfiguration()
        router.defaultDeadline = calls.defaultDeadline
        router.maximumDeadline = calls.maximumDeadline
        router.retryBytes = calls.keptRequestBytes
        router.attempts = calls.attempts
        router.retryRatio = calls.retryRatio
        router.retryBurst = calls.retryBurst
        router.firstRetryPause = calls.firstRetryPause
        router.longestRetryPause = calls.longestRetryPause
        router.maximumDepth = calls.maximumDepth
        router.waiting.callsPerService = calls.waitingPerService
        router.waiting.calls = calls.waiting
        return router
    }

    var supervisor: SupervisorBounds {
        var bounds = SupervisorBounds()
        bounds.life.instanceStartTimeout = instances.startTimeout
        bounds.life.drainTimeout = instances.drainTimeout
        bounds.life.channelDrainTimeout = instances.channelDrainTimeout
        bounds.life.shutdownTimeout = shutdownTimeout
        bounds.life.backoff = instances.backoff
        bounds.terminationGrace = instances.terminationGrace
        bounds.outputLines = instances.outputLines
        bounds.liveness = instances.liveness
        // Silence is to be noticed within the time that it takes.
        bounds.heartbeatInterval = min(instances.heartbeatInterval, instances.liveness.silenceTimeout / 3)
        bounds.probeInterval = instances.probeInterval
        bounds.adoptionTimeout = instances.adoptionTimeout
        bounds.startCancellation = instances.startCancellation
        bounds.resources = resources
        bounds.scaling = scaling.policy
        bounds.scalingInterval = scaling.interval
        return bounds
    }

    /// The ways to instances.
    func endpoints(_ budget: BufferBudget) -> EndpointConfiguration {
        var endpoints = EndpointConfiguration()
        endpoints.http2.budget = budget
        return endpoints
    }

    func listener(_ budget: BufferBudget) -> ListenerConfiguration {
        var listener = ListenerConfiguration()
        listener.trustedPeers = adminPeers.compactMap { AddressRange($0) }
        listener.maximumConnections = front.maximumConnections
        listener.detectionTimeout = front.handshakeTimeout
        listener.requestHeadTimeout = front.requestTimeout
        listener.maximumHeadLength = front.maximumHeaderSize
        listener.http2.maximumConcurrentStreams = front.maximumStreams
        listener.http2.maximumHeaderListSize = front.maximumHeaderSize
        listener.http2.budget = budget
        return listener
    }

    /// The gateways that instances call: those calls belong to calls in progress.
    func internalListener(_ budget: BufferBudget) -> ListenerConfiguration {
        var listener = listener(budget)
        listener.http2.refusesOverBudget = false
        // Whoever comes through these is an instance, wherever it is.
        listener.trustedPeers = []
        return listener
    }
}
