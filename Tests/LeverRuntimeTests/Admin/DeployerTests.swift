import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Deployer", .timeLimit(.minutes(1))) struct DeployerTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    @Test func aSenderThatFallsSilentLosesItsPlace() async throws {
        try await AdminHarness.with({
            $0.timeout = .milliseconds(50)
            $0.maximumConcurrent = 1
        }) { admin throws in
            // The second one has the first one's place.
            for _ in 0..<2 {
                let silent = try await admin.open("DeployServiceChan")
                try await silent.send(.bytes([0x1F]))
                guard case .error(let text)? = try await silent.receive() else {
                    Issue.record("it was taken")
                    return
                }
                #expect(text.stringValue?.contains("did not arrive within 0.05 seconds") == true, "\(text)")
                // What came of it is gone.
                #expect(TestFiles.names(admin.data.uploads).isEmpty)
                #expect(try await silent.receive() == nil)
            }
        }
    }

    @Test func theLiveVersionAndTheNewestOthersAreKept() async throws {
        try await AdminHarness.with({ $0.keptVersions = 2 }) { admin throws in
            for version in 1...5 { try await admin.deploy("\(version)") }
            #expect(try await admin.versions() == [3, 4, 5])
            #expect(!TestFiles.exists("\(admin.data.code(of: hello))/2"))
            // After a rollback there are newer ones than the live one: they are the newest, and 3 is live.
            try await admin.catalog.setLive(3, of: hello)
            await admin.deployer.prune(hello)
            #expect(try await admin.versions() == [3, 4, 5])
            try await admin.deploy("6")
            #expect(try await admin.versions() == [4, 5, 6])
        }
    }

    @Test func whatAnInstanceRunsIsKept() async throws {
        try await AdminHarness.with({ $0.keptVersions = 1 }) { admin throws in
            try await admin.deploy("1")
            admin.running.versions = [1]
            for version in 2...4 { try await admin.deploy("\(version)") }
            #expect(try await admin.versions() == [1, 3, 4])
            admin.running.versions = []
            try await admin.deploy("5")
            #expect(try await admin.versions() == [4, 5])
        }
    }

    @Test func whatADeploymentHasInHandIsKept() async throws {
        let work = ServiceClaims()
        work.hold(3, of: hello)
        work.hold(3, of: hello)
        work.hold(4, of: hello)
        work.release(3, of: hello)
        #expect(work.held(of: hello) == [3, 4])
        work.release(3, of: hello)
        work.release(4, of: hello)
        #expect(work.held(of: hello).isEmpty)
    }

    @Test func theEndWaitsForDeploymentsAndTakesNoMore() async throws {
        let work = DeployerWork()
        try work.enter(limit: 1)
        let full = #expect(throws: DeploymentError.self) { try work.enter(limit: 1) }
        #expect(full?.text.contains("under way") == true)
        let order = Order()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await work.closeAndWait()
                order.add("idle")
            }
            group.addTask {
                try? await work.waitForClose()
                order.add("closed")
                let late = #expect(throws: DeploymentError.self) { try work.enter(limit: 10) }
                #expect(late?.text.contains("shutting down") == true)
                work.leave()
            }
        }
        #expect(order.all == ["closed", "idle"])
        // Where nothing is under way, nobody waits.
        await work.closeAndWait()
        try await work.waitForClose()
    }

    @Test func aPackageThatIsStillComingIsCutOffAtTheEnd() async throws {
        try await AdminHarness.with { admin throws in
            let channel = try await admin.open("DeployChan")
            try await channel.send(.bytes([0x1F]))
            await admin.deployer.waitUntilIdle()
            guard case .error(let text)? = try await channel.receive() else {
                Issue.record("it was taken")
                return
            }
            #expect(text.stringValue?.contains("shutting down") == true, "\(text)")
        }
    }

    @Test func numbersThatWouldRemoveWhatRunsAreRefused() {
        for number in [0, -1, 1_000_001] {
            var configuration = LeverHost.Configuration.defaults
            configuration.uploads.keptVersions = number
            let error = #expect(throws: RuntimeError.self) { try configuration.validate() }
            #expect(error?.message.contains("uploads.keptVersions") == true)
        }
        #expect(LeverHost.Configuration.defaults.uploads.keptVersions == 5)
    }
}
