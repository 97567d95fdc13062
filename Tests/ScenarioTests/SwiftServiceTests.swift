import Foundation
import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// A service written with LeverService, as a host runs it.
@Suite("Services in Swift", .timeLimit(.minutes(3))) struct SwiftServiceTests {
    private static let program = Command.products.appendingPathComponent("SwiftServiceHelper").path

    private static func with(
        minInstances: Int = 0, _ body: @escaping @Sendable (EmbeddedHost, ServiceEndpoint) async throws -> Void
    ) async throws {
        // A debug build is no small program.
        let manifest: LeverValue = [
            "name": "swift", "entry": [.string(program)], "ram": 500, "minInstances": .number(Double(minInstances)),
        ]
        let folder = try ServiceFolder(["lever.json": manifest.json()])
        try await EmbeddedHost.with { host in
            _ = try await host.client.deploy(folder.path, to: .default)
            try await body(host, try host.client.service("dev.lever", "swift"))
        }
        withExtendedLifetime(folder) {}
    }

    private static func pids(_ service: ServiceEndpoint) async throws -> Set<Int> {
        var pids: Set<Int> = []
        for _ in 0..<20 { pids.insert(try await service.invoke("Pid", as: Int.self)) }
        return pids
    }

    @Test func itIsCalledLikeAnyOther() async throws {
        try await Self.with { host, service in
            #expect(try await service.invoke("Pid", as: Int.self) > 1)
            let ticks = try await service.channel("TicksChan", 1)
            for tick in 0..<5 { #expect(try await ticks.receive(as: Int.self) == tick) }
            ticks.cancel()
            let error = await #expect(throws: RemoteError.self) { try await service.invoke("Fail") }
            #expect(error?.value == ["empty": ["shelf": 3]])
            let missing = await #expect(throws: RPCError.self) { try await service.invoke("Missing") }
            #expect(missing?.code == .unimplemented)
            let late = await #expect(throws: RPCError.self) {
                try await service.invoke("Never", options: .timeout(.milliseconds(300)))
            }
            #expect(late?.code == .deadlineExceeded)
            #expect(try await service.invoke("Pid", as: Int.self) > 1)
        }
    }

    @Test func aTrapHarmsItsOwnInstanceOnly() async throws {
        try await Self.with(minInstances: 2) { host, service in
            try await wait("two instances run") { try await Self.pids(service).count == 2 }
            try await withThrowingTaskGroup(of: Result<Int, any Error>.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        do { return .success(try await service.invoke("Slow", 3_000, as: Int.self)) } catch {
                            return .failure(error)
                        }
                    }
                }
                try await wait("the calls are in progress") {
                    let list = try await host.admin("ListInstances", "dev.lever", "swift").arrayValue ?? []
                    // All of them: one that came later might go to a third instance.
                    let calls = list.map { $0["calls"]?.intValue ?? 0 }
                    return calls.count == 2 && calls.allSatisfy { $0 > 0 } && calls.reduce(0, +) == 16
                }
                let trapped = await #expect(throws: RPCError.self) { try await service.invoke("Trap") }
                #expect(trapped?.reason == .instanceDied, "\(String(describing: trapped))")
                var alive: Set<Int> = []
                for try await result in group {
                    switch result {
                    case .success(let pid): alive.insert(pid)
                    case .failure(let error): #expect((error as? RPCError)?.reason == .instanceDied, "\(error)")
                    }
                }
                #expect(alive.count == 1, "the other instance's calls are answered")
            }
            try await wait("it is replaced") { (try? await Self.pids(service).count) == 2 }
        }
    }

    @Test func aResourceComesBackWithAHigherEpoch() async throws {
        try await Self.with { _, service in
            let room = service.resource("room/1")
            let epoch = try await room.invoke("Epoch", as: UInt64.self)
            #expect(epoch > 0)
            #expect(try await room.invoke("Count", as: Int.self) == 1)
            #expect(try await room.invoke("Count", as: Int.self) == 2)
            let trapped = await #expect(throws: RPCError.self) { try await room.invoke("TrapThere") }
            #expect(trapped?.reason == .instanceDied)
            // A call that another connection took to the dying instance may fail with it.
            try await wait("it comes back") {
                do { return try await room.invoke("Epoch", as: UInt64.self) > epoch } catch let error as RPCError {
                    #expect(error.code == .unavailable, "\(error)")
                    return false
                }
            }
            #expect(try await room.invoke("Count", as: Int.self) == 1)
            let unnamed = await #expect(throws: RPCError.self) { try await service.invoke("Count") }
            #expect(unnamed?.code == .invalidArgument)
            #expect(unnamed?.message.contains("swift/<resource>/Count") == true)
        }
    }

    @Test func aProgramThatCannotRunSaysWhy() async throws {
        let run = try await Command.run(Self.program, environment: ["LEVEROS_LISTEN": "nonsense"])
        #expect(run.status == 1)
        #expect(run.error.contains("cannot listen on \"nonsense\""), "\(run.error)")
    }

    @Test func sigtermLetsCallsEndAndClosesResources() async throws {
        let folder = try ServiceFolder()
        let program = try Command(Self.program, environment: ["LEVEROS_LISTEN": "unix:\(folder.path)/socket"])
        let client = try LeverClient(host: "unix:\(folder.path)/socket")
        let service = try client.service("dev.lever", "swift")
        try await wait("it answers") { (try? await service.invoke("Pid")) != nil }
        try await service.invoke("NewResource", "r")
        #expect(try await service.resource("r").invoke("Count", as: Int.self) == 1)
        let open = try await service.channel("TicksChan", 1)
        #expect(try await open.receive(as: Int.self) == 0)
        program.send(SIGTERM)
        try await wait("it takes no new calls") {
            let other = try LeverClient(host: "unix:\(folder.path)/socket")
            let answer: LeverValue? = try? await other.service("dev.lever", "swift").invoke("Pid", as: LeverValue.self)
            await other.shutdown()
            return answer == nil
        }
        // What is in progress goes on.
        for tick in 1..<10 { #expect(try await open.receive(as: Int.self) == tick) }
        open.cancel()
        let end = await program.end()
        #expect(end.status == 0, "\(end.error)")
        #expect(end.output.contains("closing a counter at 1"), "\(end.output) \(end.error)")
        await client.shutdown()
    }
}
