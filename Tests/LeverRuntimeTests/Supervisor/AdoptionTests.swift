import LeverCore
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import LeverRuntime

/// Instances that an earlier run of the host has left.
@Suite("Adoption") struct AdoptionTests {
    private static let service = SupervisorHarness.service
    private let room = ResourceID("room")
    private let old = Epoch(term: 1, counter: 3)

    /// What the instances of one earlier run answer, and what becomes of them in a host of term 2.
    private func adopt(
        _ left: [LeftInstance], adopts: Bool = true,
        _ body: (Supervisor, LeftDriver, Supervisor.Adoption) async throws -> Void = { _, _, _ in }
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let router = try await Router(group: group, configuration: RouterConfiguration(), logger: logger)
        router.update { $0.add(.default) }
        let driver = LeftDriver(left)
        var bounds = SupervisorBounds()
        bounds.adoptionTimeout = adopts ? .seconds(1) : .zero
        let supervisor = Supervisor(
            context: SupervisorContext(
                driver: driver, catalog: InMemoryCatalog(), router: router, eventLoopGroup: group,
                gateway: { _ in "127.0.0.1:9" }, bounds: bounds, term: 2, logger: logger))
        let manifest = Manifest(name: Self.service.service)
        supervisor.add([(Self.service, RunnableVersion(number: 1, manifest: manifest, codeDirectory: "/nowhere"))])
        let adoption = try await supervisor.adopt(driver.leftovers)
        #expect(driver.hasRemovedLeftovers)
        let result: Result<Void, any Error> = await withTaskGroup { tasks in
            tasks.addTask { await supervisor.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(supervisor, driver, adoption)) } catch { result = .failure(error) }
            supervisor.shutdown()
            return result
        }
        #expect(left.allSatisfy { $0.hasEnded || driver.leftovers.contains { [id = $0.id] in $0.id == id } })
        for instance in left { await instance.close() }
        router.close()
        try result.get()
    }

    private func call(_ supervisor: Supervisor, _ path: String) async throws -> LeverValue {
        let transport = try await supervisor.context.router.transport(caller: Caller(environment: nil, isLocal: true))
        let url = try LeverURL("lever://dev.lever/hello/\(path)")
        guard case .result(let value) = try await transport.call(CallContext(url: url), .values([])) else { return nil }
        return value
    }

    @Test func aResourceStaysWhereItIs() async throws {
        let instance = try await LeftInstance(1) { .init(instance: $0, held: [.init(room, old)]) }
        try await adopt([instance]) { supervisor, driver, adoption in
            #expect(adoption == Supervisor.Adoption(adopted: 1, ended: 0))
            #expect(try await call(supervisor, "room/Epoch") == .number(Double(old.rawValue)))
            #expect(try await call(supervisor, "Id") == .string(instance.id.rawValue))
            #expect(instance.hooks.isEmpty)
            // Another one comes to it with an epoch of this run.
            let next = try #require(try await call(supervisor, "other/Epoch").numberValue)
            #expect(next > Double(Epoch(term: 2, counter: 0).rawValue))
            #expect(instance.hooks == ["NewResource other 2"])
            let standing = try #require(await supervisor.standing(of: Self.service))
            #expect(standing.instances.map(\.id) == [instance.id] && standing.resources == 2)
            let event = supervisor.events.newest(.max).elements.first { $0.kind == .instanceAdopted }
            #expect(event?.instance == instance.id && event?.message == "version 1, with 1 resource")
        }
    }

    @Test func whatWasOnItsWayIsClosed() async throws {
        let instance = try await LeftInstance(1) { .init(instance: $0, unsettled: [.init(room, old)]) }
        try await adopt([instance]) { supervisor, _, adoption in
            #expect(adoption.adopted == 1)
            let epoch = try #require(try await call(supervisor, "room/Epoch").numberValue)
            #expect(epoch > Double(old.rawValue))
            #expect(instance.hooks == ["CloseResource room 2", "NewResource room 2"])
        }
    }

    @Test func ofTwoThatHoldOneResourceNoneGoesOn() async throws {
        let first = try await LeftInstance(1) { .init(instance: $0, held: [.init(room, old)]) }
        let second = try await LeftInstance(2) { .init(instance: $0, held: [.init(room, old)]) }
        let third = try await LeftInstance(3) { .init(instance: $0) }
        try await adopt([first, second, third]) { supervisor, _, adoption in
            #expect(adoption == Supervisor.Adoption(adopted: 1, ended: 2))
            #expect(first.hasEnded && second.hasEnded && !third.hasEnded)
            let holder = try await call(supervisor, "room/Id")
            #expect(holder == .string(third.id.rawValue))
        }
    }

    @Test func thoseThatCannotSayWhatTheyHoldAreEnded() async throws {
        let silent = try await LeftInstance(1, isSilent: true) { .init(instance: $0) }
        let foreign = try await LeftInstance(2) { .init(instance: InstanceID("\($0)-other")) }
        let plain = try await LeftInstance(3, usesSDK: false) { .init(instance: $0) }
        let former = try await LeftInstance(4, version: 7) { .init(instance: $0) }
        let refused = try await LeftInstance(5, isRefused: true) { .init(instance: $0) }
        let old = try await LeftInstance(6) { _ in nil }
        try await adopt([silent, foreign, plain, former, refused, old]) { supervisor, driver, adoption in
            #expect(adoption == Supervisor.Adoption(adopted: 0, ended: 6))
            // The driver was never asked for what is not live, and did not give the other away.
            #expect(Set(driver.leftovers.map(\.id)) == [former.id, refused.id])
            for instance in [silent, foreign, plain, old] { #expect(instance.hasEnded, "\(instance.id)") }
            #expect(await supervisor.standing(of: Self.service)?.instances.isEmpty == true)
        }
    }

    @Test func withoutTimeForItNoneIsAdopted() async throws {
        let instance = try await LeftInstance(1) { .init(instance: $0) }
        try await adopt([instance], adopts: false) { _, driver, adoption in
            #expect(adoption == Supervisor.Adoption(adopted: 0, ended: 1))
            #expect(driver.leftovers.map(\.id) == [instance.id])
        }
    }

    @Test func anAdoptedOneThatEndsFreesWhatItHeld() async throws {
        let first = try await LeftInstance(1) { .init(instance: $0, held: [.init(room, old)]) }
        let second = try await LeftInstance(2) { .init(instance: $0) }
        try await adopt([first, second]) { supervisor, _, adoption in
            #expect(adoption.adopted == 2)
            #expect(try await call(supervisor, "room/Id") == .string(first.id.rawValue))
            first.terminate(grace: .zero)
            var answer: LeverValue?
            for _ in 0..<2_000 where answer != .string(second.id.rawValue) {
                answer = try? await call(supervisor, "room/Id")
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(answer == .string(second.id.rawValue))
        }
    }
}

/// A driver with instances of an earlier run.
private final class LeftDriver: ContainerDriver {
    let name = "left"
    private let state: Mutex<(left: [InstanceID: LeftInstance], hasRemoved: Bool)>

    init(_ left: [LeftInstance]) {
        state = Mutex((Dictionary(uniqueKeysWithValues: left.map { ($0.id, $0) }), false))
    }

    /// Those that nobody has adopted.
    var leftovers: [Leftover] {
        state.withLock { state in
            state.left.values.map { Leftover(id: $0.id, service: SupervisorHarness.service, version: $0.version) }
        }
    }

    var hasRemovedLeftovers: Bool { state.withLock { $0.hasRemoved } }

    func prepare() async throws {}
    func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }
    func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        throw RuntimeError(.driver, "nothing is started here")
    }

    func adopt(_ specification: InstanceSpecification, writtenAfter: Double?) async throws -> any DriverInstance {
        try state.withLock { state in
            guard let instance = state.left[specification.id], !instance.isRefused else {
                throw RuntimeError(.driver, "it is something else")
            }
            state.left[specification.id] = nil
            return instance
        }
    }

    func removeLeftovers() async throws { state.withLock { $0.hasRemoved = true } }
    func shutdown() async {}
}

/// An instance that was there before the host.
private final class LeftInstance: DriverInstance, RPCHandler {
    let id: InstanceID
    let version: Int
    let output = OutputLog()
    let isRefused: Bool
    private let isSilent: Bool
    private let usesSDK: Bool
    private let holdings: @Sendable (InstanceID) -> InstanceHoldings?
    private let end = Mutex<(exit: InstanceExit?, waiting: [CheckedContinuation<InstanceExit, Never>])>((nil, []))
    private let called = Mutex<[String]>([])
    private let server = Mutex<RPCServer?>(nil)

    init(
        _ number: Int, version: Int = 1, isSilent: Bool = false, usesSDK: Bool = true, isRefused: Bool = false,
        holdings: @escaping @Sendable (InstanceID) -> InstanceHoldings?
    ) async throws {
        id = InstanceID("hello-1-1-\(number)")
        self.version = version
        self.isSilent = isSilent
        self.usesSDK = usesSDK
        self.isRefused = isRefused
        self.holdings = holdings
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: self, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test"))
        self.server.withLock { $0 = server }
    }

    var hooks: [String] { called.withLock { $0 } }
    var hasEnded: Bool { end.withLock { $0.exit != nil } }

    func listening() async throws -> InstanceAddress {
        guard case .tcp(let host, let port)? = server.withLock({ $0 })?.localAddress else {
            throw RuntimeError(.driver, "it does not listen")
        }
        return InstanceAddress(.tcp(host: host, port: port), usesSDK: usesSDK)
    }

    func exit() async -> InstanceExit {
        await withCheckedContinuation { continuation in
            let exit = end.withLock { end in
                if end.exit == nil { end.waiting.append(continuation) }
                return end.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    func terminate(grace: Duration) {
        let waiting = end.withLock { end in
            end.exit = end.exit ?? .signal(9)
            defer { end.waiting = [] }
            return end.waiting
        }
        let server = server.withLock { $0 }
        MultiThreadedEventLoopGroup.singleton.any().makeFutureWithTask { await server?.abort() }.whenComplete { _ in
            for continuation in waiting { continuation.resume(returning: .signal(9)) }
        }
    }

    func close() async { await server.withLock { $0 }?.abort() }

    // MARK: Calls

    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
        switch context.url.method {
        case .adopt:
            if isSilent { try await Task.sleep(for: .seconds(3600)) }
            guard arguments == .values([2]), let holdings = holdings(id) else {
                throw RPCError(.noMethod, "there is no method _Adopt")
            }
            return .result(holdings.value)
        case .newResource, .closeResource:
            guard case .values(let values) = arguments, let resource = values.first?.stringValue else { break }
            called.withLock { $0.append("\(context.url.method) \(resource) \(context.hostTerm ?? 0)") }
        default:
            if context.url.method.rawValue == "Epoch" { return .result(.number(Double(context.epoch ?? 0))) }
            if context.url.method.rawValue == "Id" { return .result(.string(id.rawValue)) }
        }
        return .result(.null)
    }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
}
