import LeverCore
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where instances listen. One at a time: there is one port.
@Suite(.serialized) struct ProcessListeningTests {
    private static let onSocket = """
        import os, socket, time
        path = os.environ["LEVEROS_LISTEN"].removeprefix("unix:")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        time.sleep(0.05)
        listener.listen()
        while True: listener.accept()
        """

    private static func onPort(
        _ address: String, family: String = "AF_INET", before: String = ""
    )
        -> String
    {
        """
        import os, socket, time
        listener = socket.socket(socket.\(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        \(before)
        listener.bind(("\(address)", 3837))
        listener.listen()
        while True: listener.accept()
        """
    }

    private func start(
        _ fixture: DriverFixture, _ program: String, id: String = DriverFixture.newID()
    ) async throws
        -> any DriverInstance
    {
        fixture.write("serve.py", program)
        return try await fixture.driver.start(fixture.specification(["python3", "serve.py"], id: id))
    }

    @Test func unixSocketIsFoundAndRemembered() async throws {
        try await DriverFixture.runProcess { fixture in
            #expect(fixture.driver.mayNeedPort(try fixture.specification(["x"])))
            let instance = try await start(fixture, Self.onSocket)
            let address = try await instance.listening()
            guard case .unix(let path) = address.endpoint else {
                Issue.record("\(address)")
                return
            }
            #expect(RuntimeDirectory.isListening(path))
            #expect(!address.holdsPort)
            #expect(try await instance.listening() == address)
            #expect(!fixture.driver.mayNeedPort(try fixture.specification(["x"])))
            #expect(fixture.driver.mayNeedPort(try fixture.specification(["x"], version: 2)))
            instance.terminate(grace: .seconds(60))
            _ = await instance.exit()
            #expect(access(path, F_OK) != 0)
        }
    }

    @Test func javaScriptNeverNeedsThePort() async throws {
        try await DriverFixture.runProcess { fixture in
            var specification = try fixture.specification([])
            specification.manifest.entry = .javaScript("index.js")
            #expect(!fixture.driver.mayNeedPort(specification))
            let error = await #expect(throws: RuntimeError.self) {
                _ = try await fixture.driver.start(specification)
            }
            #expect(error?.message.contains("no JavaScript runtime") == true)
        }
    }

    @Test func javaScriptRunsInTheRuntime() async throws {
        struct Runtime: JavaScriptRuntime {
            func command(module: String, ram: Int) -> [String] { ["echo", module, "\(ram)"] }
        }
        try await DriverFixture.runProcess {
            $0.javaScriptRuntime = Runtime()
        } _: { fixture in
            var specification = try fixture.specification([])
            specification.manifest.entry = .javaScript("index.js")
            await #expect(throws: RuntimeError.self) { _ = try await fixture.driver.start(specification) }
            fixture.write("index.js", "")
            let instance = try await fixture.driver.start(specification)
            #expect(await instance.exit() == .code(0))
            #expect(instance.lastOutput(1) == ["index.js 50"])
        }
    }

    @Test(arguments: [
        ("", "AF_INET", "127.0.0.1"), ("127.0.0.1", "AF_INET", "127.0.0.1"),
        ("::", "AF_INET6", "127.0.0.1"),
        ("::1", "AF_INET6", "::1"),
    ])
    func portIsFound(_ address: String, _ family: String, _ host: String) async throws {
        try await DriverFixture.runProcess { fixture in
            let instance = try await start(fixture, Self.onPort(address, family: family))
            #expect(
                try await instance.listening()
                    == InstanceAddress(.tcp(host: host, port: 3837), holdsPort: true))
            #expect(fixture.driver.mayNeedPort(try fixture.specification(["x"])))
            instance.terminate(grace: .zero)
            _ = await instance.exit()
        }
    }

    @Test func listenerInAnotherSessionBelongsToTheInstance() async throws {
        try await DriverFixture.runProcess { fixture in
            fixture.write("child.py", Self.onPort("127.0.0.1"))
            let instance = try await fixture.startShell("setsid python3 child.py & wait")
            #expect(try await instance.listening().holdsPort)
            instance.terminate(grace: .zero)
            _ = await instance.exit()
        }
    }

    @Test func secondInstanceOnThePortIsToldWhoHasIt() async throws {
        try await DriverFixture.runProcess { fixture in
            let id = DriverFixture.newID()
            let first = try await start(fixture, Self.onPort("127.0.0.1"), id: id)
            _ = try await first.listening()
            let second = try await start(fixture, Self.onPort("127.0.0.1"))
            let error = await #expect(throws: RuntimeError.self) { _ = try await second.listening() }
            let text = error.map { "\($0)" } ?? ""
            #expect(text.contains("instance \(id) of dev.lever/hello"), "\(text)")
            #expect(text.contains("containers"))
            first.terminate(grace: .zero)
            _ = await first.exit()
        }
    }

    @Test func sharingThePortIsRefused() async throws {
        try await DriverFixture.runProcess { fixture in
            let reuse = "listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)"
            let first = try await start(fixture, Self.onPort("127.0.0.1", before: reuse))
            _ = try await first.listening()
            let second = try await start(fixture, Self.onPort("127.0.0.1", before: reuse))
            let error = await #expect(throws: RuntimeError.self) { _ = try await second.listening() }
            #expect(error?.message.contains("\(first.id)") == true)
            for instance in [first, second] {
                instance.terminate(grace: .zero)
                _ = await instance.exit()
            }
        }
    }
}
