import LeverCore
import Synchronization

/// A driver around another one, which counts the instances that it has started.
final class CountingDriver: ContainerDriver {
    private let driver: any ContainerDriver
    private let count = Mutex(0)

    init(_ driver: any ContainerDriver) {
        self.driver = driver
    }

    var name: String { "counting-\(driver.name)" }
    var started: Int { count.withLock { $0 } }

    func prepare() async throws { try await driver.prepare() }

    func mayNeedPort(_ specification: InstanceSpecification) -> Bool { driver.mayNeedPort(specification) }

    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        let instance = try await driver.start(specification)
        count.withLock { $0 += 1 }
        return instance
    }

    func shutdown() async { await driver.shutdown() }
}
