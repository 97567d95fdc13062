import LeverCore
import Synchronization
import Testing

@testable import LeverRuntime

@Suite("Methods of the administration", .timeLimit(.minutes(1))) struct AdministrationTests {
    private let hello = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    private func value(_ reply: RPCReply) throws -> LeverValue {
        guard case .result(let value) = reply else {
            throw RPCError(.badMessage, "\(reply)")
        }
        return value
    }

    private func failure(_ body: () async throws -> Void) async -> RPCError? {
        await #expect(throws: RPCError.self) { try await body() }
    }

    // MARK: Arguments

    @Test(
        arguments: [
            ("DescribeService", []), ("DescribeService", ["dev.lever"]), ("DescribeService", ["dev.lever", 1]),
            ("DescribeService", ["dev.lever", "hello", "more"]), ("ListVersions", [nil, "hello"]),
            ("RemoveService", ["dev.lever", "hello", true]), ("ListInstances", [nil, "hello"]), ("ListInstances", [1]),
            ("DrainInstance", ["dev.lever", "hello"]), ("ListResources", ["dev.lever", "hello", "room"]),
            ("ListResources", ["dev.lever", "hello", ["limit": 0]]),
            ("ListResources", ["dev.lever", "hello", ["limit": 1.5]]),
            ("ListResources", ["dev.lever", "hello", ["limit": 1001]]),
            ("ListResources", ["dev.lever", "hello", ["prefx": "a"]]), ("WhereResource", ["dev.lever", "hello", ""]),
            ("MoveResource", ["dev.lever", "hello", "r", 7]), ("ListEnvironments", [1]), ("AddEnvironment", []),
            ("RemoveEnvironment", ["dev.lever", "yes"]), ("SetScaling", ["dev.lever", "hello", ["minInstances": -1]]),
            ("SetScaling", ["dev.lever", "hello", ["maxInstances": 0]]),
            ("SetScaling", ["dev.lever", "hello", ["maxInstanceLoad": 0]]),
            ("SetScaling", ["dev.lever", "hello", ["channelLoad": "much"]]),
            ("SetScaling", ["dev.lever", "hello", ["minInstances": 11]]), ("Version", [1]),
            ("Prune", ["all"]),
        ] as [(String, [LeverValue])]) func wrongArgumentsAreNamed(
            _ method: String, _ arguments: [LeverValue]
        ) async throws
    {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let error = await failure { _ = try await admin.call(method, .values(arguments)) }
            #expect(error?.reason == .badMessage, "\(String(describing: error))")
            #expect(admin.control.asked.isEmpty)
            let bytes = await failure { _ = try await admin.call(method, .bytes([1])) }
            #expect(bytes?.reason == .badMessage)
        }
    }

    @Test func theDriverPrunesWhatNoKeptVersionNeeds() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            try await admin.deploy("2")
            try await admin.deploy("1", name: "other", to: try EnvironmentName("shop.lever"))
            #expect(try value(try await admin.call("Prune")) == [])
            let kept = admin.driver.kept.map { $0.values.joined().map(\.name.rawValue).sorted() }
            #expect(kept == [["hello", "hello", "other"]])
            admin.driver.pruned = .success(["image node:20", "network old.lever"])
            #expect(try value(try await admin.call("Prune")) == ["image node:20", "network old.lever"])
            admin.driver.pruned = .failure(RuntimeError(.driver, "the engine does not answer"))
            let error = await failure { _ = try await admin.call("Prune") }
            #expect(error?.reason == .conflict && error?.message == "the engine does not answer")
        }
    }

    @Test(arguments: ["DescribeService", "ListVersions", "RemoveService", "SetScaling", "ListResources"])
    func whatIsNotThereIsNamed(_ method: String) async throws {
        try await AdminHarness.with { admin throws in
            let service = await failure { _ = try await admin.call(method, .values(["dev.lever", "nothing"])) }
            #expect(service?.reason == .noService && service?.message.contains("nothing") == true)
            let environment = await failure { _ = try await admin.call(method, .values(["no.lever", "hello"])) }
            #expect(environment?.reason == .noEnvironment && environment?.message.contains("no.lever") == true)
            let malformed = await failure { _ = try await admin.call(method, .values(["a..b", "hello"])) }
            #expect(malformed?.reason == .badURL)
        }
    }

    // MARK: Reading

    @Test func servicesAndTheirVersions() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            try await admin.deploy("2")
            admin.control.run(hello, live: 2, instances: [("hello-1", 2, .ready), ("hello-2", 1, .draining)])
            let list = try value(try await admin.call("ListServices"))
            #expect(list[0]?["version"] == 2 && list[0]?["instances"] == 2 && list[0]?["calls"] == 4)
            let all = try value(try await admin.call("DescribeService", .values(["dev.lever", "hello"])))
            #expect(all["versions"] == [1, 2] && all["deploying"] == .null && all["waiting"] == 4)
            #expect(all["scaling"]?["maxInstances"] == 10 && all["scaling"]?["overridden"] == false)
            #expect(all["runs"]?[1]?["state"] == "draining" && all["runs"]?[1]?["age"] == 1.5)
            #expect(all["runs"]?[0]?["startTime"] == 0.25)
            #expect(
                all["runs"]?[0]?["startPhases"]
                    == [["phase": "create", "time": 0.15], ["phase": "connect", "time": 0.05]])
            let versions = try value(try await admin.call("ListVersions", .values(["dev.lever", "hello"])))
            #expect(versions["versions"]?[0]?["version"] == 2 && versions["versions"]?[0]?["live"] == true)
            #expect(versions["versions"]?[1]?["digest"]?.stringValue?.count == 64)
            #expect(versions["history"]?[0]?["version"] == 2 && versions["history"]?[1]?["version"] == 1)
        }
    }

    @Test func instancesOfAllOfAnEnvironmentAndOfAService() async throws {
        try await AdminHarness.with { admin throws in
            let other = ServiceID(environment: try EnvironmentName("shop.lever"), service: try ServiceName("cart"))
            try await admin.deploy("1")
            try await admin.deploy("1", name: "cart", to: other.environment)
            admin.control.run(hello, live: 1, instances: [("hello-1", 1, .ready)])
            admin.control.run(other, live: 1, instances: [("cart-1", 1, .starting), ("cart-2", 1, .ready)])
            func names(_ arguments: LeverValue...) async throws -> [String] {
                let list = try value(try await admin.call("ListInstances", .values(arguments)))
                guard case .array(let rows) = list else { return [] }
                return rows.compactMap { $0["instance"]?.stringValue }
            }
            #expect(try await names() == ["hello-1", "cart-1", "cart-2"])
            #expect(try await names("shop.lever") == ["cart-1", "cart-2"])
            #expect(try await names("dev.lever", "hello") == ["hello-1"])
            _ = try await admin.call("DrainInstance", .values(["shop.lever", "cart", "cart-2"]))
            #expect(admin.control.asked == ["drain cart-2"])
        }
    }

    @Test func resourcesComeInPages() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let names = (0..<5).map { "room-\($0)" }
            admin.control.state.withLock { state in
                state.resources = names.map { name in
                    ResourceStanding(
                        resource: ResourceID(name), phase: .active, instance: InstanceID("hello-1"),
                        epoch: Epoch(term: 1 << 20, counter: 9), calls: 1)
                }
            }
            var found: [String] = []
            var after: LeverValue = .null
            repeat {
                let options: LeverValue = ["prefix": "room", "limit": 2, "after": after]
                let page = try value(try await admin.call("ListResources", .values(["dev.lever", "hello", options])))
                guard case .array(let rows)? = page["resources"] else { break }
                found += rows.compactMap { $0["resource"]?.stringValue }
                #expect(rows.first?["epoch"] == .number(Double(Epoch(term: 1 << 20, counter: 9).rawValue)))
                after = page["next"] ?? .null
            } while !after.isNull
            #expect(found == names)
            let known = try value(try await admin.call("WhereResource", .values(["dev.lever", "hello", "room-3"])))
            #expect(known["phase"] == "active" && known["instance"] == "hello-1")
            let nowhere = try value(try await admin.call("WhereResource", .values(["dev.lever", "hello", "x"])))
            #expect(nowhere["phase"] == "inactive" && nowhere["instance"] == .null)
            let moved = try value(
                try await admin.call("MoveResource", .values(["dev.lever", "hello", "room-3", "hello-2"])))
            #expect(moved["instance"] == "hello-2" && moved["epoch"] == .number(Double(3 * (1 << 32) + 7)))
            _ = try await admin.call("MoveResource", .values(["dev.lever", "hello", "room-3"]))
            #expect(admin.control.asked.suffix(2) == ["move room-3 hello-2", "move room-3 -"])
        }
    }

    @Test func boundsAreSetOneByOneAndTakenBack() async throws {
        try await AdminHarness.with { admin throws in
            try await admin.deploy("1")
            admin.control.run(hello, live: 1)
            let first = try value(
                try await admin.call("SetScaling", .values(["dev.lever", "hello", ["minInstances": 2]])))
            #expect(first["minInstances"] == 2 && first["maxInstances"] == 10 && first["overridden"] == true)
            let second = try value(
                try await admin.call("SetScaling", .values(["dev.lever", "hello", ["maxInstances": 4]])))
            #expect(second["minInstances"] == 2 && second["maxInstances"] == 4)
            let back = try value(try await admin.call("SetScaling", .values(["dev.lever", "hello"])))
            #expect(back["minInstances"] == 0 && back["overridden"] == false)
            #expect(admin.control.asked == ["bounds 2-10", "bounds 2-4", "bounds -"])
        }
    }
}
