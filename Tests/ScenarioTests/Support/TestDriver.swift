import DockerTestSupport
import Foundation
import LeverCore
import LeverDocker
import Testing

/// What starts the instances of a test's host, for scenarios that have to come out the same with each of them.
///
///     @Test(arguments: TestDriver.all) func killUnderLoad(driver: TestDriver) async throws {
///         try driver.require()
enum TestDriver: String, Sendable, CustomTestStringConvertible {
    case process, docker

    /// All of them, or the one that `LEVER_TEST_DRIVER` names.
    static let all: [TestDriver] =
        ProcessInfo.processInfo.environment["LEVER_TEST_DRIVER"].flatMap(TestDriver.init(rawValue:)).map { [$0] }
        ?? [.process, .docker]

    var testDescription: String { rawValue }

    /// Skips the test where this driver cannot work, and says why.
    func require() throws {
        guard self == .docker, DockerTestEngine.current == nil else { return }
        // The testing library keeps the reason of a case to itself.
        print("skipped with docker: \(DockerTestEngine.absence)")
        #if compiler(>=6.3)
        try Test.cancel(Comment(rawValue: DockerTestEngine.absence))
        #else
        throw DockerTestEngine.Failure(DockerTestEngine.absence)
        #endif
    }

    /// Ends an instance with SIGKILL, behind its host's back.
    func kill(_ instance: String) async throws {
        switch self {
        case .process: send(SIGKILL, to: try #require(Self.process(of: instance)))
        case .docker: try await control(instance, "kill")
        }
    }

    /// Stops an instance where it is: it lives, and does nothing.
    func pause(_ instance: String) async throws {
        switch self {
        case .process: send(SIGSTOP, to: try #require(Self.process(of: instance)))
        case .docker: try await control(instance, "pause")
        }
    }

    /// Whether an instance is alive.
    func isAlive(_ instance: String) async throws -> Bool {
        switch self {
        case .process: Self.process(of: instance) != nil
        case .docker: try await container(of: instance, all: false) != nil
        }
    }

    /// A driver on the tests' engine, with its image.
    static func configuration() throws -> DockerDriver.Configuration {
        let engine = try #require(DockerTestEngine.current)
        var configuration = DockerDriver.Configuration.defaults
        configuration.engine = "unix://\(engine.socket)"
        configuration.image = engine.image
        configuration.nodeImage = engine.image
        // What needs no filter is tested by users who cannot set one, too.
        configuration.allowsWeakIsolation = geteuid() != 0
        return configuration
    }

    /// The same for `leveroshost`.
    func hostArguments() throws -> [String] {
        guard self == .docker else { return [] }
        let configuration = try Self.configuration()
        return [
            "--driver", "docker", "--docker-host", configuration.engine, "--docker-image", configuration.image,
            "--docker-node-image", configuration.nodeImage,
        ] + (configuration.allowsWeakIsolation ? ["--allow-weak-isolation"] : [])
    }

    /// All containers of the tests' engine with a label, running or not.
    static func containers(labelled label: String) async throws -> [LeverValue] {
        let engine = try #require(DockerTestEngine.current)
        let filter = #"{"label":["\#(label)"]}"#.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try LeverValue(json: await engine.request("GET", "/containers/json?all=1&filters=\(filter)"))
            .arrayValue ?? []
    }

    private func container(of instance: String, all: Bool = true) async throws -> String? {
        let found = try await Self.containers(labelled: "com.leveros.instance=\(instance)")
        return found.first { all || $0["State"]?.stringValue != "exited" }?["Id"]?.stringValue
    }

    private func control(_ instance: String, _ what: String) async throws {
        let container = try #require(try await container(of: instance), "no container is instance \(instance)")
        try await #require(DockerTestEngine.current).request("POST", "/containers/\(container)/\(what)")
    }

    /// The process that carries an instance's id; those that have ended carry none. Not one of a container, whose instance may
    /// have the same id at another host.
    private static func process(of instance: String) -> pid_t? {
        func space(_ process: String) -> String? {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/pid")
        }
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.lazy.compactMap { pid_t($0) }.first { pid in
            guard space("\(pid)") == space("self"),
                let variables = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/environ"))
            else {
                return false
            }
            return variables.split(separator: 0).contains { $0.elementsEqual("LEVEROS_INSTANCE_ID=\(instance)".utf8) }
        }
    }
}

private func send(_ signal: Int32, to process: pid_t) {
    kill(process, signal)
}
