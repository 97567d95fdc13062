import LeverCore
import LeverRouter
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverRuntime

@Suite("Administration") struct AdminServiceTests {
    /// An administration over a router, with a temporary store and nothing that could start an instance.
    private func with(
        _ change: (inout LeverHost.Configuration.Uploads) -> Void = { _ in },
        _ body: @Sendable (Router) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let router = try await Router(group: group, configuration: RouterConfiguration(), logger: logger)
        let data = try DataDirectory(nil)
        let catalog = InMemoryCatalog()
        var uploads = LeverHost.Configuration.Uploads()
        change(&uploads)
        let supervisor = Supervisor(
            context: SupervisorContext(
                driver: ServerDriver(group), catalog: catalog, router: router, eventLoopGroup: group,
                gateway: { _ in nil }, bounds: SupervisorBounds(), run: "1", logger: logger))
        let deployer = Deployer(
            catalog: catalog, packages: try PackageStore(directory: data, catalog: catalog, limits: uploads.limits),
            supervisor: supervisor, bounds: uploads, logger: logger, environmentAdded: { _ in })
        router.update { snapshot in
            snapshot.add(.admin)
            snapshot.set(
                ServiceRoute(
                    id: .admin, isPrivate: false, isLocalOnly: true,
                    target: .inProcess(AdminService(deployer: deployer, catalog: catalog, logger: logger))))
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(router)) } catch { result = .failure(error) }
        data.close()
        router.close()
        try await group.shutdownGracefully()
        try result.get()
    }

    private func call(
        _ router: Router, _ method: String, _ arguments: RPCArguments = .values([]), isLocal: Bool = true
    ) async throws -> RPCReply {
        let transport = try await router.transport(caller: Caller(environment: nil, isLocal: isLocal))
        return try await transport.call(
            CallContext(url: try LeverURL("lever://admin.lever/admin/\(method)")), arguments)
    }

    private func open(
        _ router: Router, _ method: String, _ arguments: RPCArguments = .values(["dev.lever"]), isLocal: Bool = true
    ) async throws -> any RPCChannel {
        let transport = try await router.transport(caller: Caller(environment: nil, isLocal: isLocal))
        return try await transport.open(
            CallContext(url: try LeverURL("lever://admin.lever/admin/\(method)")), arguments)
    }

    @Test func onlyThisMachineAdministers() async throws {
        try await with { router throws in
            let call = await #expect(throws: RPCError.self) { try await self.call(router, "Version", isLocal: false) }
            #expect(call?.reason == .forbidden)
            let deploy = await #expect(throws: RPCError.self) {
                try await self.open(router, "DeployServiceChan", isLocal: false)
            }
            #expect(deploy?.code == .permissionDenied)
        }
    }

    @Test func unknownMethodsAndResourcesAreNamed() async throws {
        try await with { router throws in
            let method = await #expect(throws: RPCError.self) { try await self.call(router, "Format") }
            #expect(method?.reason == .noMethod && method?.message.contains("Format") == true)
            let channel = await #expect(throws: RPCError.self) { try await self.open(router, "FormatChan") }
            #expect(channel?.reason == .noMethod)
            let resource = await #expect(throws: RPCError.self) { try await self.call(router, "thing/Version") }
            #expect(resource?.reason == .noResource)
        }
    }

    @Test func readingMethods() async throws {
        try await with { router throws in
            let version = try await self.call(router, "Version")
            #expect(version == .result(.string(LeverVersion.current)))
            #expect(try await self.call(router, "ListServices") == .result([]))
            #expect(try await self.call(router, "ListServices", .values([.null])) == .result([]))
            for bad: RPCArguments in [.values([1]), .values(["a", "b"]), .bytes([1])] {
                let error = await #expect(throws: RPCError.self) { try await self.call(router, "ListServices", bad) }
                #expect(error?.reason == .badMessage)
            }
            let missing = await #expect(throws: RPCError.self) {
                try await self.call(router, "ListServices", .values(["nowhere.lever"]))
            }
            #expect(missing?.reason == .noEnvironment)
        }
    }

    @Test(arguments: ["DeployServiceChan", "DeployChan"]) func valuesAreNoPackage(_ method: String) async throws {
        try await with { router throws in
            let channel = try await self.open(router, method)
            try await channel.send(.value(["not": "bytes"]))
            guard case .error(let text)? = try await channel.receive() else {
                Issue.record("it was taken")
                return
            }
            #expect(text.stringValue?.contains("an object") == true)
            #expect(try await channel.receive() == nil)
        }
    }

    @Test func deploymentsAtOnceAreBounded() async throws {
        try await with({ $0.maximumConcurrent = 1 }) { router throws in
            let first = try await self.open(router, "DeployServiceChan")
            try await first.send(.bytes([1]))
            // The first is known to be under way once a second one is refused.
            var refusal: String?
            for _ in 0..<500 where refusal == nil {
                let second = try await self.open(router, "DeployServiceChan")
                try await second.finish()
                if case .error(let text)? = try await second.receive(), text.stringValue?.contains("under way") == true
                {
                    refusal = text.stringValue
                }
            }
            #expect(refusal?.contains("1 deployments") == true)
            first.cancel()
            // Giving up makes room.
            var error: String?
            for _ in 0..<500 where error == nil || error?.contains("under way") == true {
                let third = try await self.open(router, "DeployServiceChan")
                try await third.finish()
                if case .error(let text)? = try await third.receive() { error = text.stringValue }
            }
            #expect(error?.contains("empty") == true, "\(error ?? "")")
        }
    }
}
