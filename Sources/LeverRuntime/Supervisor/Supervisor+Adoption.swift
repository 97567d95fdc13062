package import LeverCore
import LeverRouter
import LeverTransport
import Logging

extension Supervisor {
    /// What came of the instances that an earlier run has left.
    package struct Adoption: Sendable, Equatable {
        /// How many go on.
        package var adopted = 0
        /// How many were ended.
        package var ended = 0
    }

    /// Takes over what can be of the instances that an earlier run of the host has left, and ends the rest. Returns once those are
    /// dead, after a bounded time. Belongs after ``add(_:)`` and before ``run()``: no resource is activated before it.
    ///
    /// - Parameters:
    ///   - leftovers: as the driver has named them.
    ///   - mayAdopt: whether a version's instances may go on; those whose code is not what they began with may not.
    /// - Throws: `RuntimeError` where one cannot be ended.
    @discardableResult
    package func adopt(
        _ leftovers: [Leftover], where mayAdopt: @escaping @Sendable (Leftover) -> Bool = { _ in true }
    ) async throws -> Adoption {
        guard !leftovers.isEmpty else { return Adoption() }
        let answers = await withTaskGroup(of: Claim?.self) { group in
            for leftover in leftovers where mayAdopt(leftover) { group.addTask { await self.claim(leftover) } }
            return await group.reduce(into: [Claim]()) { claims, claim in if let claim { claims.append(claim) } }
        }
        var refused: [Claim] = []
        var adopted: [Claim] = []
        for (_, claims) in Dictionary(grouping: answers, by: \.leftover.service) {
            let plan = AdoptionPlan(
                claims.compactMap { claim in claim.holdings.map { (instance: claim.leftover.id, holdings: $0) } },
                term: context.term)
            for var claim in claims {
                if let why = plan.refused[claim.leftover.id] { claim.failure = why }
                if claim.failure == nil { adopted.append(claim) } else { refused.append(claim) }
            }
        }
        try await end(refused)
        try await context.driver.removeLeftovers()
        for claim in adopted {
            guard let holdings = claim.holdings, let route = claim.route else { continue }
            await known(claim.leftover.service)?.adopt(
                AdoptedInstance(
                    instance: claim.instance, route: route, gateway: claim.gateway, holdings: holdings))
        }
        return Adoption(adopted: adopted.count, ended: leftovers.count - adopted.count)
    }

    /// An instance that the driver has taken over.
    private struct Claim: Sendable {
        let leftover: Leftover
        let instance: any DriverInstance
        let gateway: String?
        var route: InstanceRoute?
        var holdings: InstanceHoldings?
        /// Why it cannot go on.
        var failure: String?
    }

    /// Has the driver take an instance over and asks it what it holds; `nil` where it stays a leftover.
    private func claim(_ leftover: Leftover) async -> Claim? {
        let timeout = context.bounds.adoptionTimeout
        do {
            guard timeout > .zero else { throw RuntimeError(.driver, "no instances are adopted") }
            guard let version = await known(leftover.service)?.liveRunnable, version.number == leftover.version else {
                throw RuntimeError(.driver, "version \(leftover.version) is not live")
            }
            // The driver has many to look at, and is waited for longer than an instance that it has found.
            return try await limited(to: timeout * 3) {
                let gateway = try await self.context.gateway(version.specification(leftover.id, of: leftover.service))
                let instance = try await self.context.driver.adopt(
                    version.specification(leftover.id, of: leftover.service, gateway: gateway), writtenAfter: nil)
                var claim = Claim(leftover: leftover, instance: instance, gateway: gateway)
                do {
                    let (route, holdings) = try await self.limited(to: timeout) {
                        try await self.ask(instance, leftover)
                    }
                    claim.route = route
                    claim.holdings = holdings
                } catch {
                    claim.failure = Self.text(of: error)
                }
                return claim
            }
        } catch {
            log("an instance of an earlier run is not adopted", leftover, Self.text(of: error))
            return nil
        }
    }

    /// Asks an instance what it holds.
    private func ask(
        _ instance: any DriverInstance, _ leftover: Leftover
    ) async throws -> (InstanceRoute, InstanceHoldings) {
        let service = leftover.service
        let address = try await instance.listening()
        guard address.usesSDK else { throw RuntimeError(.driver, "it does not say which resources it holds") }
        let route = InstanceRoute(
            id: leftover.id, service: service, version: leftover.version,
            address: TransportAddress(address.endpoint), internalGateway: address.gateway, end: InstanceEnd())
        let call = CallContext(
            url: LeverURL(environment: service.environment, service: service.service, method: .adopt),
            deadline: .now + context.bounds.adoptionTimeout)
        let reply = try await context.router.call(route, call, .values([.number(Double(context.term))]))
        guard case .result(let value) = reply else {
            throw RuntimeError(.driver, "it does not say which resources it holds: \(reply)")
        }
        return (route, try InstanceHoldings(value))
    }

    /// Ends instances that the driver has taken over, and returns once they are dead.
    private func end(_ claims: [Claim]) async throws {
        let patience = context.bounds.adoptionKillTimeout
        for claim in claims {
            log("an instance of an earlier run is not adopted", claim.leftover, claim.failure ?? "")
            context.router.forget(claim.leftover.id)
            claim.instance.terminate(grace: .zero)
        }
        for claim in claims {
            let hasEnded = await Self.happens(within: patience) { _ = await claim.instance.exit() }
            guard hasEnded else {
                throw RuntimeError(
                    .driver, "instance \(claim.leftover.id) of an earlier run could not be ended within \(patience)")
            }
        }
    }

    /// Whether something that cannot be cancelled comes to its end in time.
    private static func happens(within time: Duration, _ body: @escaping @Sendable () async -> Void) async -> Bool {
        let (outcomes, outcome) = AsyncStream.makeStream(of: Bool.self)
        let waiting = Task {
            await body()
            outcome.yield(true)
        }
        let timer = Task {
            try? await Task.sleep(for: time)
            outcome.yield(false)
        }
        defer {
            waiting.cancel()
            timer.cancel()
        }
        return await outcomes.first { _ in true } ?? false
    }

    /// Runs a body that ends with its task, and cancels it when its time is over.
    private func limited<Value: Sendable>(
        to time: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            if let first { return first }
            // What the body made all the same is handed on: somebody has to end it.
            if let late = try await group.next() ?? nil { return late }
            throw RuntimeError(.driver, "it did not answer within \(time)")
        }
    }

    private func log(_ message: Logger.Message, _ leftover: Leftover, _ why: String) {
        context.logger.notice(
            message,
            metadata: [
                "lever.service": "\(leftover.service)", "lever.instance": "\(leftover.id)", "lever.reason": "\(why)",
            ])
    }

    private static func text(of error: any Error) -> String {
        switch error {
        case let error as RuntimeError: error.message
        case let error as RPCError: error.message
        case is CancellationError: "it did not answer in time"
        default: "\(error)"
        }
    }
}
