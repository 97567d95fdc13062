package import LeverCore
import Synchronization

/// A driver around another one that remembers what instances wrote: those that run, and the last of those that have ended, so
/// that somebody can look why.
package final class OutputArchive: ContainerDriver {
    /// What one instance wrote, and will.
    package struct Output: Sendable {
        /// The instance.
        package var instance: InstanceID
        /// Its lines.
        package var log: OutputLog
    }

    /// The instances of each service, in the order of their starts.
    private let outputs = Mutex<[ServiceID: [Output]]>([:])
    private let driver: any ContainerDriver
    private let endedPerService: Int
    private let ended: Int
    /// Where lines are kept beside the memory; `nil` where they are not.
    let logs: InstanceLogs?

    /// - Parameters:
    ///   - driver: what starts the instances.
    ///   - logs: where lines are kept beside the memory.
    ///   - endedPerService: how many ended instances of a service are remembered, the last.
    ///   - ended: how many in all.
    package init(
        _ driver: any ContainerDriver, logs: InstanceLogs? = nil, endedPerService: Int = 3, ended: Int = 64
    ) {
        self.driver = driver
        self.logs = logs
        self.endedPerService = endedPerService
        self.ended = ended
    }

    // MARK: ContainerDriver

    package var name: String { driver.name }

    package func prepare() async throws { try await driver.prepare() }

    package func prepareAdopting() async throws -> [Leftover] { try await driver.prepareAdopting() }

    package func adopt(
        _ specification: InstanceSpecification, writtenAfter: Double?
    ) async throws -> any DriverInstance {
        // What is in the files already is not to be there twice.
        let kept = try? await logs?.kept(specification.service, instance: specification.id, limit: 1)
        let instance = try await driver.adopt(specification, writtenAfter: kept?.last?.time ?? writtenAfter)
        keep(instance.output, of: instance.id, specification.service)
        return instance
    }

    package func removeLeftovers() async throws { try await driver.removeLeftovers() }

    package func mayNeedPort(_ specification: InstanceSpecification) -> Bool { driver.mayNeedPort(specification) }

    package func warnings(about manifest: Manifest) -> [String] { driver.warnings(about: manifest) }

    package func gatewayEndpoints(for specification: InstanceSpecification) async throws -> [InstanceAddress.Endpoint] {
        try await driver.gatewayEndpoints(for: specification)
    }

    package func fetch(
        for specification: InstanceSpecification, progress: @escaping @Sendable (String) -> Void
    ) async throws {
        try await driver.fetch(for: specification, progress: progress)
    }

    package var makesSpares: Bool { driver.makesSpares }

    package func makeSpare(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        try await driver.makeSpare(specification)
    }

    package func dropSpare(_ id: InstanceID) { driver.dropSpare(id) }

    package func prune(keeping kept: [ServiceID: [Manifest]]) async throws -> [String] {
        try await driver.prune(keeping: kept)
    }

    package func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let instance = try await driver.start(specification)
        keep(instance.output, of: instance.id, specification.service)
        return instance
    }

    package func shutdown() async { await driver.shutdown() }

    // MARK: Outputs

    /// What instances of a service wrote, those that started first first.
    package func outputs(of service: ServiceID) -> [Output] {
        outputs.withLock { $0[service] ?? [] }
    }

    /// The services of an environment whose instances are remembered.
    func services(in environment: EnvironmentName) -> [ServiceID] {
        outputs.withLock { $0.keys.filter { $0.environment == environment } }
    }

    /// Remembers an instance's output, in place of what has ended long ago, and has it kept.
    func keep(_ log: OutputLog, of instance: InstanceID, _ service: ServiceID) {
        if let logs { log.attach(logs.sink(of: instance, service)) }
        outputs.withLock { outputs in
            outputs[service, default: []].append(Output(instance: instance, log: log))
            forgetEnded(&outputs[service, default: []], butLast: endedPerService)
            guard outputs.values.reduce(0, { $0 + $1.count { $0.log.hasEnded } }) > ended else { return }
            // Rare, and there are few: those of whole services go, until there is room.
            for other in outputs.keys where other != service {
                forgetEnded(&outputs[other, default: []], butLast: 0)
                if outputs[other]?.isEmpty == true { outputs[other] = nil }
                guard outputs.values.reduce(0, { $0 + $1.count { $0.log.hasEnded } }) > ended else { return }
            }
        }
    }

    /// Forgets a service, whose instances are gone, and removes what is kept of it.
    ///
    /// - Throws: `RuntimeError` where files cannot be removed; then they go at the next start.
    func forget(_ service: ServiceID) async throws {
        let outputs = outputs.withLock { $0.removeValue(forKey: service) ?? [] }
        // Whatever they still hear is not kept.
        for output in outputs { output.log.detach() }
        try await logs?.remove(service)
    }

    private func forgetEnded(_ outputs: inout [Output], butLast count: Int) {
        var surplus = outputs.count { $0.log.hasEnded } - count
        outputs.removeAll { output in
            guard surplus > 0, output.log.hasEnded else { return false }
            surplus -= 1
            return true
        }
    }
}
