import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Administration") struct AdminServiceTests {
    @Test func onlyThisMachineAdministers() async throws {
        try await AdminHarness.with { admin throws in
            let call = await #expect(throws: RPCError.self) { try await admin.call("Version", isLocal: false) }
            #expect(call?.reason == .forbidden)
            let deploy = await #expect(throws: RPCError.self) {
                try await admin.open("DeployServiceChan", isLocal: false)
            }
            #expect(deploy?.code == .permissionDenied)
        }
    }

    @Test func unknownMethodsAndResourcesAreNamed() async throws {
        try await AdminHarness.with { admin throws in
            let method = await #expect(throws: RPCError.self) { try await admin.call("Format") }
            #expect(method?.reason == .noMethod && method?.message.contains("Format") == true)
            let channel = await #expect(throws: RPCError.self) { try await admin.open("FormatChan") }
            #expect(channel?.reason == .noMethod)
            let resource = await #expect(throws: RPCError.self) { try await admin.call("thing/Version") }
            #expect(resource?.reason == .noResource)
        }
    }

    @Test func readingMethods() async throws {
        try await AdminHarness.with { admin throws in
            let version = try await admin.call("Version")
            #expect(version == .result(.string(LeverVersion.current)))
            #expect(try await admin.call("ListServices") == .result([]))
            #expect(try await admin.call("ListServices", .values([.null])) == .result([]))
            for bad: RPCArguments in [.values([1]), .values(["a", "b"]), .bytes([1])] {
                let error = await #expect(throws: RPCError.self) { try await admin.call("ListServices", bad) }
                #expect(error?.reason == .badMessage)
            }
            let missing = await #expect(throws: RPCError.self) {
                try await admin.call("ListServices", .values(["nowhere.lever"]))
            }
            #expect(missing?.reason == .noEnvironment)
        }
    }

    @Test(arguments: ["DeployServiceChan", "DeployChan"]) func valuesAreNoPackage(_ method: String) async throws {
        try await AdminHarness.with { admin throws in
            let channel = try await admin.open(method)
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
        try await AdminHarness.with({ $0.maximumConcurrent = 1 }) { admin throws in
            let first = try await admin.open("DeployServiceChan")
            try await first.send(.bytes([1]))
            // The first is known to be under way once a second one is refused.
            var refusal: String?
            for _ in 0..<500 where refusal == nil {
                let second = try await admin.open("DeployServiceChan")
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
                let third = try await admin.open("DeployServiceChan")
                try await third.finish()
                if case .error(let text)? = try await third.receive() { error = text.stringValue }
            }
            #expect(error?.contains("empty") == true, "\(error ?? "")")
        }
    }
}
