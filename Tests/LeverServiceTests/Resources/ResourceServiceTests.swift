import LeverClient
import LeverCore
import LeverService
import LeverTransport
import Testing

@Suite struct ResourceServiceTests {
    private actor Room {
        let name: String
        let epoch: UInt64
        private(set) var said: [String] = []

        init(named name: String, epoch: UInt64) async throws {
            if name == "cellar" { throw ServiceError("there is no light") }
            self.name = name
            self.epoch = epoch
        }

        func say(_ text: String) -> Int {
            said.append(text)
            return said.count
        }
    }

    private static func service(_ journal: Journal) -> LeverService {
        LeverService {
            ResourceService { (resource: ResourceContext) in
                try await Room(named: resource.name, epoch: resource.epoch)
            } closing: { room in
                journal.add("closing \(room.name) after \(await room.said.count)")
            } methods: {
                ResourceMethod("Say") { (room: Room, text: String) in await room.say(text) }
                ResourceMethod("Clear") { (_: Room) in }
                ResourceMethod("Who") { (context: CallContext, room: Room, suffix: String?) in
                    "\(room.name)@\(room.epoch) \(context.url.resource)\(suffix ?? "")"
                }
                ResourceChannelMethod("SaidChan") { (room, channel) in
                    for text in await room.said { try await channel.send(text) }
                }
            }
            Method("Plain") { 1 }
        }
    }

    private func context(_ path: String, epoch: UInt64? = nil) throws -> CallContext {
        CallContext(url: try LeverURL("lever://dev.lever/chat/\(path)"), epoch: epoch)
    }

    @Test func oneValueIsKeptForEachResource() async throws {
        let journal = Journal()
        let handler = Self.service(journal).handler()
        _ = try await handler.call(context("NewResource", epoch: 7), .values(["a/b"]))
        _ = try await handler.call(context("NewResource", epoch: 8), .values(["c"]))
        #expect(try await handler.call(context("a/b/Say"), .values(["x"])) == .result(1))
        #expect(try await handler.call(context("a/b/Say"), .values(["y"])) == .result(2))
        #expect(try await handler.call(context("c/Say"), .values(["z"])) == .result(1))
        #expect(try await handler.call(context("a/b/Clear"), .values([])) == .result(nil))
        #expect(try await handler.call(context("a/b/Who"), .values(["!"])) == .result("a/b@7 a/b!"))
        #expect(try await handler.call(context("c/Who"), .values([])) == .result("c@8 c"))
        #expect(try await handler.call(context("Plain"), .values([])) == .result(1))
        let client = LeverClient(transport: InProcessTransport(handler: handler))
        let said = try await client.service("dev.lever", "chat").resource("a/b").channel("SaidChan")
        var lines: [String] = []
        for try await line in said.messages(as: String.self) { lines.append(line) }
        #expect(lines == ["x", "y"])
        _ = try await handler.call(context("CloseResource"), .values(["a/b"]))
        #expect(journal.all == ["closing a/b after 2"])
        // It comes back as a new one.
        _ = try await handler.call(context("NewResource", epoch: 9), .values(["a/b"]))
        #expect(try await handler.call(context("a/b/Say"), .values(["x"])) == .result(1))
    }

    @Test func instancesOfOneDefinitionDoNotShareWhatTheyKeep() async throws {
        let service = Self.service(Journal())
        let handlers = [service.handler(), service.handler()]
        for (index, handler) in handlers.enumerated() {
            _ = try await handler.call(context("NewResource", epoch: UInt64(index)), .values(["r"]))
        }
        _ = try await handlers[0].call(context("r/Say"), .values(["x"]))
        #expect(try await handlers[1].call(context("r/Say"), .values(["x"])) == .result(1))
        #expect(try await handlers[1].call(context("r/Who"), .values([])) == .result("r@1 r"))
    }

    @Test func callsWithoutTheirResourceAreRefusedByName() async throws {
        let handler = Self.service(Journal()).handler()
        let unnamed = await #expect(throws: RPCError.self) {
            _ = try await handler.call(context("Say"), .values(["x"]))
        }
        #expect(unnamed?.code == .invalidArgument)
        #expect(
            unnamed?.message
                == "method \"Say\" needs a resource, and the call names none: call chat/<resource>/Say")
        let absent = await #expect(throws: RPCError.self) {
            _ = try await handler.call(context("attic/Say"), .values(["x"]))
        }
        #expect(absent?.code == .unavailable)
        #expect(absent?.message.contains("resource \"attic\" of service chat is not held") == true)
    }

    @Test func whatCannotBeMadeDoesNotComeHere() async throws {
        let journal = Journal()
        let handler = LeverService {
            OnNewResource { journal.add("first \($0.name)") }
            OnCloseResource { journal.add("undone \($0.name)") }
            Self.service(journal).definition
        }.handler()
        let reply = try await handler.call(context("NewResource"), .values(["cellar"]))
        #expect(reply == .error("there is no light"))
        // What was opened before is closed again, and nothing is left.
        #expect(journal.all == ["first cellar", "undone cellar"])
        await #expect(throws: RPCError.self) { _ = try await handler.call(context("cellar/Say"), .values(["x"])) }
        #expect(try await handler.call(context("CloseResource"), .values(["cellar"])) == .result(nil))
        #expect(journal.all.count == 2)
    }

    @Test func whatIsHeldIsNotTakenTwice() async throws {
        let journal = Journal()
        let handler = Self.service(journal).handler()
        _ = try await handler.call(context("NewResource"), .values(["r"]))
        let error = await #expect(throws: RPCError.self) {
            _ = try await handler.call(context("NewResource"), .values(["r"]))
        }
        #expect(error?.code == .failedPrecondition)
        #expect(try await handler.call(context("r/Say"), .values(["x"])) == .result(1))
    }

    @Test func aCloseThatFailsGivesTheResourceUpAllTheSame() async throws {
        let journal = Journal()
        let handler = LeverService {
            ResourceService {
                $0.name
            } closing: { name in
                journal.add("closing \(name)")
                throw ServiceError("the disk is full")
            } methods: {
                ResourceMethod("Name") { name in name }
            }
            OnCloseResource { journal.add("other \($0.name)") }
        }.handler()
        _ = try await handler.call(context("NewResource"), .values(["r"]))
        #expect(try await handler.call(context("r/Name"), .values([])) == .result("r"))
        #expect(try await handler.call(context("CloseResource"), .values(["r"])) == .error("the disk is full"))
        #expect(journal.all == ["other r", "closing r"])
        _ = try await handler.call(context("NewResource"), .values(["r"]))
        #expect(try await handler.call(context("r/Name"), .values([])) == .result("r"))
    }
}
