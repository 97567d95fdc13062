internal import LeverCore
internal import LeverTransport
internal import NIOCore
internal import Synchronization

/// Hosts that a call may go to any of. Carries out what a ``HostTable`` decides; with one host there is nothing to decide.
final class HostGroup: RPCTransport {
    private let hosts: [HostWays]
    private let table: Mutex<HostTable>
    private let balancer: any LoadBalancer

    init(
        _ addresses: [TransportAddress], _ settings: HostWays.Settings, balancer: any LoadBalancer, backoff: Backoff
    ) {
        hosts = addresses.map { HostWays($0, settings) }
        table = Mutex(
            HostTable(count: addresses.count, backoff: backoff, seed: .random(in: .min ... .max)))
        self.balancer = balancer
    }

    /// What carries calls where there is one host, which has been called before; else `nil`.
    ///
    /// - Throws: `RuntimeError` once the client has been shut down.
    func known() throws -> HTTP2RPCTransport? {
        hosts.count == 1 ? try hosts[0].known() : nil
    }

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        if hosts.count == 1 { return try await hosts[0].transport().call(context, arguments) }
        return try await trying(context) { host, ways in
            defer { table.withLock { $0.ended(host) } }
            return try await ways.transport().call(context, arguments)
        }
    }

    /// A channel counts as load of its host until it is closed.
    func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
        if hosts.count == 1 { return try await hosts[0].transport().open(context, arguments) }
        return try await trying(context) { host, ways in
            do {
                let channel = try await ways.transport().open(context, arguments)
                guard let stream = channel as? HTTP2ClientChannel else {
                    table.withLock { $0.ended(host) }
                    return channel
                }
                stream.whenClosed { [weak self] in self?.table.withLock { $0.ended(host) } }
                return channel
            } catch {
                table.withLock { $0.ended(host) }
                throw error
            }
        }
    }

    /// Makes a call at one host after the other, until one may have begun it.
    private func trying<Result>(
        _ context: CallContext, _ body: (Int, HostWays) async throws -> Result
    ) async throws -> Result {
        var tried: [Int] = []
        var failures: [RPCError] = []
        while let host = pick(tried) {
            do {
                let result = try await body(host, hosts[host])
                table.withLock { $0.reached(host) }
                return result
            } catch let error as RPCError where error.cause is CallNotBegun {
                if (error.cause as? CallNotBegun)?.wasReached != true {
                    table.withLock { $0.unreachable(host, at: .now) }
                }
                if let deadline = context.deadline, deadline <= .now { throw error }
                tried.append(host)
                failures.append(error)
            }
        }
        throw unreachable(context, zip(tried, failures).map { (hosts[$0].address, $1) })
    }

    private func pick(_ tried: [Int]) -> Int? {
        guard let pick = table.withLock({ $0.pick(tried: tried, at: .now, balancer) }) else { return nil }
        for probe in pick.probes { self.probe(probe) }
        return pick.host
    }

    /// The task ends with the attempt to connect, which is bounded in time.
    private func probe(_ host: Int) {
        Task {
            let isThere = await hosts[host].probe()
            table.withLock { table in
                if isThere { table.reached(host) } else { table.unreachable(host, at: .now) }
            }
        }
    }

    private func unreachable(_ context: CallContext, _ failures: [(TransportAddress, RPCError)]) -> RPCError {
        let wasReached = failures.contains { ($1.cause as? CallNotBegun)?.wasReached == true }
        let list = failures.map { address, error in
            // What the connections say of themselves names the host already.
            error.message.contains(address.description) ? error.message : "\(address): \(error.message)"
        }
        return RPCError(
            .unreachable,
            "\"\(context.url)\" could not be reached at any of \(failures.count) hosts: "
                + list.joined(separator: "; "),
            cause: CallNotBegun(wasReached: wasReached))
    }

    func close() {
        for host in hosts { host.close() }
    }

    func closeAndWait(force: Bool) async {
        for host in hosts { await host.closeAndWait(force: force) }
    }
}
