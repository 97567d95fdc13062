import Foundation
import LeverClient
import LeverCore
import LeverTransport
import Synchronization
import Testing

@Suite struct DeployTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write("lever.json", #"{"name": "hello", "jsEntry": "server.js"}"#)
        try directory.write("server.js", "exports.SayHello = 1")
    }

    /// What a host got and what it says to it.
    private final class Admin: Sendable {
        let archive = Mutex<[UInt8]>([])
        let events = Mutex<[DeploymentEvent]>([])

        @Sendable func record(_ event: DeploymentEvent) { events.withLock { $0.append(event) } }

        func receiveAll(_ channel: any RPCChannel) async throws {
            while let message = try await channel.receive() {
                guard case .bytes(let bytes) = message else { throw RPCError(.badMessage, "no bytes") }
                archive.withLock { $0 += bytes }
            }
        }
    }

    private func client(_ handler: RecordingHandler) -> LeverClient {
        LeverClient(transport: InProcessTransport(handler: handler))
    }

    @Test func thePackageArrivesAndTheProgressComesBack() async throws {
        let admin = Admin()
        let handler = RecordingHandler(channel: { _, _, channel in
            try await admin.receiveAll(channel)
            try await channel.send(.value(["warning": "unknown key \"nmae\""]))
            try await channel.send(.value(["phase": "received", "message": "341 bytes"]))
            try await channel.send(.value(["phase": "a-phase-of-the-future", "more": [1]]))
            try await channel.send(.value(["something": "else"]))
            try await channel.send(
                .value(["phase": "live", "service": "hello", "version": 3, "url": "lever://dev.lever/hello"]))
        })
        let deployment = try await client(handler).deploy(directory.path, to: .default, progress: admin.record)
        #expect(deployment == Deployment(environment: .default, service: try ServiceName("hello"), version: 3))
        #expect(deployment.url == "lever://dev.lever/hello")
        #expect(handler.calls.map { $0.context.url.description } == ["lever://admin.lever/admin//DeployChan"])
        #expect(handler.calls.map(\.arguments) == [.values(["dev.lever"])])
        let bytes = admin.archive.withLock { $0 }
        let events = admin.events.withLock { $0 }
        #expect(events.contains(.uploaded(bytes: bytes.count)))
        #expect(events.contains(.warning("unknown key \"nmae\"")))
        #expect(events.contains(.phase("received", message: "341 bytes")))
        #expect(events.contains(.phase("a-phase-of-the-future", message: nil)))
        let unpacked = try TemporaryDirectory()
        try unpacked.write("package.tar.gz", Data(bytes))
        let names = try output(of: "tar", ["-tzf", unpacked.path + "/package.tar.gz"])
        #expect(names == "lever.json\nserver.js\n")
    }

    @Test(arguments: [
        RPCError(.noMethod, "service admin has no method \"DeployChan\""),
        RPCError(code: .unknown, message: "Method not found"),
    ])
    func anOldHostGetsTheOldChannel(_ refusal: RPCError) async throws {
        let admin = Admin()
        let handler = RecordingHandler(channel: { context, _, channel in
            guard context.url.method.rawValue == "DeployServiceChan" else { throw refusal }
            try await admin.receiveAll(channel)
        })
        let deployment = try await client(handler).deploy(directory.path, to: .default)
        #expect(deployment.version == nil)
        #expect(deployment.service.rawValue == "hello")
        #expect(handler.calls.map { $0.context.url.method.rawValue } == ["DeployChan", "DeployServiceChan"])
        #expect(admin.archive.withLock { $0.prefix(2) } == [0x1F, 0x8B])
    }

    @Test func theHostsReasonWinsOverTheBrokenUpload() async throws {
        var random = SystemRandomNumberGenerator()
        try directory.write("big", Data((0..<2_000_000).map { _ in UInt8.random(in: 0...255, using: &random) }))
        let handler = RecordingHandler(channel: { _, _, channel in
            _ = try await channel.receive()
            try await channel.send(.error("the package is too large"))
        })
        let error = await #expect(throws: RemoteError.self) {
            try await client(handler).deploy(directory.path, to: .default)
        }
        #expect(error?.value == "the package is too large")
    }

    @Test func aStatusOfTheHostIsThrown() async throws {
        let handler = RecordingHandler(channel: { _, _, _ in throw RPCError(.forbidden, "only from here") })
        let error = await #expect(throws: RPCError.self) {
            try await client(handler).deploy(directory.path, to: .default)
        }
        #expect(error?.code == .permissionDenied)
        #expect(handler.calls.count == 1)
    }

    @Test func anEndWithoutALiveVersionIsNoSuccess() async throws {
        let admin = Admin()
        let handler = RecordingHandler(channel: { _, _, channel in
            try await admin.receiveAll(channel)
            try await channel.send(.value(["phase": "ready"]))
        })
        let error = await #expect(throws: RPCError.self) {
            try await client(handler).deploy(directory.path, to: .default)
        }
        #expect(error?.code == .internalError)
    }

    @Test func aFileThatGoesAwayEndsTheDeployment() async throws {
        var random = SystemRandomNumberGenerator()
        try directory.write("big", Data((0..<500_000).map { _ in UInt8.random(in: 0...255, using: &random) }))
        try directory.write("zz", "gone before its turn comes")
        let path = directory.path
        let ended = Mutex(false)
        let handler = RecordingHandler(channel: { _, _, channel in
            _ = try await channel.receive()
            try FileManager.default.removeItem(atPath: path + "/zz")
            do {
                while try await channel.receive() != nil {}
            } catch {
                ended.withLock { $0 = true }
                throw error
            }
        })
        let error = await #expect(throws: RuntimeError.self) { try await client(handler).deploy(path, to: .default) }
        #expect(error?.description.contains("/zz: No such file or directory") == true)
        for _ in 0..<2_000 where !ended.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(ended.withLock { $0 })
    }

    @Test(arguments: [#"{"nme": "hello"}"#, #"{"name": "hello",}"#, #"{"name": "x"}"#, "[]", ""])
    func aBrokenManifestIsFoundBeforeTheUpload(_ manifest: String) async throws {
        let handler = RecordingHandler()
        try directory.write("lever.json", manifest)
        let error = await #expect(throws: RuntimeError.self) {
            try await client(handler).deploy(directory.path, to: .default)
        }
        #expect(error?.description.contains("\(directory.path): ") == true)
        #expect(handler.calls.isEmpty)
    }
}
