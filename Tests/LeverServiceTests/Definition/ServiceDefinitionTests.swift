import LeverCore
import LeverService
import Testing

@Suite struct ServiceDefinitionTests {
    /// A kind of component that another module might bring.
    private struct Version: ServiceComponent {
        let number: String

        func add(to service: inout ServiceDefinition) {
            service.addMethod("Version") { context, arguments in
                .result(.array([.string(number), .string(context.url.service.rawValue)]))
            }
            service.addChannelMethod("VersionsChan") { _, _, channel in try await channel.send(.value(.string(number)))
            }
            let state = service.addResourceState(open: { "\($0.name) \($0.epoch)" })
            service.addMethod("State") { context, _ in .result(.string(try state.of(context))) }
        }
    }

    @Test func othersCanAddKindsOfComponents() async throws {
        let service = LeverService { Version(number: "7") }
        #expect(service.definition.methodNames.map(\.rawValue) == ["State", "Version", "VersionsChan"])
        let handler = service.handler()
        func call(_ path: String, _ arguments: RPCArguments, epoch: UInt64? = nil) async throws -> RPCReply {
            let url = try LeverURL("lever://dev.lever/test/\(path)")
            return try await handler.call(CallContext(url: url, epoch: epoch), arguments)
        }
        #expect(try await call("Version", .values([])) == .result(["7", "test"]))
        _ = try await call("NewResource", .values(["r"]), epoch: 5)
        #expect(try await call("r/State", .values([])) == .result("r 5"))
    }

    @Test func mistakesOfTheProgramEndItAndAreNamed() async throws {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition {
                Method("Twice") { 1 }
                Method("Twice") { 2 }
            }
        }
        #expect(text(twice).contains("there are two methods \"Twice\""))
        let channel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition { Method("TicksChan") { 1 } }
        }
        #expect(text(channel).contains("\"TicksChan\" is the name of a channel method"))
        let hook = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ServiceDefinition { Method("NewResource") { (_: String) in } }
        }
        #expect(text(hook).contains("\"NewResource\" is called by the host"))
    }
}
