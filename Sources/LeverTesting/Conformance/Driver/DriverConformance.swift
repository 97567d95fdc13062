public import LeverCore

/// What every `ContainerDriver` that runs commands must do, whatever it runs them in. Each check gets a driver that nothing has
/// been asked of, and needs `/bin/sh` where instances run.
public enum DriverConformance: ConformanceSuite {
    /// All checks.
    public static var checks: [ConformanceCheck<any ContainerDriver>] { output + listening + ends + starts + handover }

    /// A driver that is prepared, with the code of a service.
    struct Prepared {
        let driver: any ContainerDriver
        let code: CodeFolder

        func specification(_ command: [String]) throws -> InstanceSpecification {
            let name = try ServiceName("hello")
            return InstanceSpecification(
                id: InstanceID("hello-" + String(UInt64.random(in: 0 ... .max), radix: 36)),
                service: ServiceID(environment: .default, service: name), version: 1, codeDirectory: code.path,
                manifest: Manifest(name: name, entry: .command(command)))
        }

        func startShell(_ script: String) async throws -> any DriverInstance {
            try await driver.start(specification(["/bin/sh", "-c", script]))
        }

        /// Waits until an instance has written a line as its last.
        func wait(for line: String, of instance: any DriverInstance) async throws {
            let isThere = try await eventually { instance.lastOutput(1) == [line] }
            try expect(isThere, "\"\(line)\" was not written; the last lines are \(instance.lastOutput(5))")
        }
    }

    /// A check of a driver that is prepared: by `prepare()`, unless the check says otherwise.
    static func check(
        _ name: String,
        preparing: @escaping @Sendable (any ContainerDriver) async throws -> Void = { try await $0.prepare() },
        _ body: @escaping @Sendable (Prepared) async throws -> Void
    ) -> ConformanceCheck<any ContainerDriver> {
        ConformanceCheck(name) { driver in
            let code = try CodeFolder()
            defer { code.remove() }
            do {
                try await preparing(driver)
                try await body(Prepared(driver: driver, code: code))
            } catch {
                await driver.shutdown()
                throw error
            }
            await driver.shutdown()
        }
    }
}
