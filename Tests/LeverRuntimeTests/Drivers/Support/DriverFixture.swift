import LeverCore
import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A prepared driver, and a directory for code that goes away with it.
struct DriverFixture {
    let driver: any ContainerDriver
    let code: String

    /// Runs the body with a prepared driver, and shuts that down.
    static func run(_ driver: any ContainerDriver, _ body: (DriverFixture) async throws -> Void) async throws {
        var template = Array("/tmp/lever-code-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw RuntimeError(.driver, "no temporary directory") }
        let code = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fixture = DriverFixture(driver: driver, code: code)
        do {
            try await driver.prepare()
            try await body(fixture)
        } catch {
            await driver.shutdown()
            fixture.removeCode()
            throw error
        }
        await driver.shutdown()
        fixture.removeCode()
    }

    /// Runs the body with the process driver.
    static func runProcess(
        _ change: (inout ProcessDriver.Configuration) -> Void = { _ in }, _ body: (DriverFixture) async throws -> Void
    ) async throws {
        var configuration = ProcessDriver.Configuration.defaults
        change(&configuration)
        try await run(try ProcessDriver(configuration: configuration), body)
    }

    /// Puts a file into the code directory.
    func write(_ name: String, _ text: String, mode: mode_t = 0o755) {
        let path = "\(code)/\(name)"
        unlink(path)
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode)
        _ = text.withCString { systemWrite(descriptor, $0, strlen($0)) }
        close(descriptor)
        chmod(path, mode)
    }

    /// A specification of the code directory.
    func specification(
        _ command: [String], id: String = DriverFixture.newID(), config: LeverValue = [:], version: Int = 1,
        gateway: String? = nil
    ) throws -> InstanceSpecification {
        let name = try ServiceName("hello")
        return InstanceSpecification(
            id: InstanceID(id), service: ServiceID(environment: try EnvironmentName("dev.lever"), service: name),
            version: version, codeDirectory: code,
            manifest: Manifest(name: name, entry: .command(command), config: config), internalGateway: gateway)
    }

    /// Starts a shell script.
    func startShell(_ script: String, id: String = DriverFixture.newID()) async throws -> any DriverInstance {
        try await driver.start(specification(["/bin/sh", "-c", script], id: id))
    }

    /// An id that no other test has.
    static func newID() -> String { "hello-" + String(UInt64.random(in: 0 ... .max), radix: 36) }

    private func removeCode() {
        guard let directory = opendir(code) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            unlink("\(code)/\(name)")
        }
        closedir(directory)
        rmdir(code)
    }
}

/// Whether a process is alive and no zombie.
func isAlive(_ pid: Int32) -> Bool {
    guard kill(pid, 0) == 0 else { return false }
    guard let file = fopen("/proc/\(pid)/stat", "re") else { return false }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 512)
    let count = fread(&buffer, 1, buffer.count, file)
    let text = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return false }
    return !text[end...].hasPrefix(") Z")
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafePointer<CChar>, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
