import LeverCore
import LeverService
import Testing

@Suite struct MethodTests {
    private struct Item: Codable, Sendable, Equatable {
        var name: String
        var count: Int
        var tags: [String]?
    }

    private func call(_ service: LeverService, _ method: String, _ arguments: RPCArguments) async throws -> RPCReply {
        let url = try LeverURL("lever://dev.lever/test/\(method)")
        return try await service.handler().call(CallContext(url: url), arguments)
    }

    private func refusal(_ service: LeverService, _ method: String, _ arguments: RPCArguments) async -> RPCError? {
        do {
            _ = try await call(service, method, arguments)
            return nil
        } catch {
            return error as? RPCError
        }
    }

    // MARK: Arguments and results

    @Test func parametersAndResultsKeepTheirTypes() async throws {
        let service = LeverService {
            Method("None") { 42 }
            Method("One") { (name: String) in "Hello, \(name)!" }
            Method("Two") { (left: Double, right: Double) in left + right }
            Method("Types") { (item: Item, list: [Int], flag: Bool) async throws -> Item in
                Item(name: item.name, count: list.count, tags: flag ? item.tags : nil)
            }
            Method("Value") { (value: LeverValue) -> LeverValue in value["a"] ?? nil }
            Method("Nothing") { (_: String) in }
        }
        #expect(try await call(service, "None", .values([])) == .result(42))
        #expect(try await call(service, "One", .values(["world"])) == .result("Hello, world!"))
        #expect(try await call(service, "Two", .values([1, 0.5])) == .result(1.5))
        let item: LeverValue = ["name": "tea", "count": 1, "tags": ["x"]]
        #expect(
            try await call(service, "Types", .values([item, [1, 2], true]))
                == .result(["name": "tea", "count": 2, "tags": ["x"]]))
        #expect(try await call(service, "Value", .values([["a": [false, nil]]])) == .result([false, nil]))
        #expect(try await call(service, "Nothing", .values(["x"])) == .result(nil))
    }

    @Test func bytesThatStandAloneAreBytes() async throws {
        let service = LeverService {
            Method("Reverse") { (bytes: [UInt8]) in [UInt8](bytes.reversed()) }
            Method("Contiguous") { (bytes: ContiguousArray<UInt8>) in bytes.count }
            Method("Beside") { (bytes: [UInt8], count: Int) in bytes.count + count }
        }
        #expect(try await call(service, "Reverse", .bytes([1, 2, 3])) == .bytes([3, 2, 1]))
        #expect(try await call(service, "Reverse", .bytes([])) == .bytes([]))
        #expect(try await call(service, "Reverse", .values([[1, 255]])) == .bytes([255, 1]))
        #expect(try await call(service, "Contiguous", .bytes([1, 2])) == .result(2))
        #expect(try await call(service, "Beside", .values([[1, 2], 40])) == .result(42))
        #expect(await refusal(service, "Beside", .bytes([1]))?.code == .invalidArgument)
    }

    @Test func trailingOptionalsMayBeMissing() async throws {
        let service = LeverService {
            Method("Greet") { (name: String, title: String?, age: Int?) in
                "\(title ?? "") \(name) \(age.map { "\($0)" } ?? "?")"
            }
        }
        #expect(try await call(service, "Greet", .values(["Ann"])) == .result(" Ann ?"))
        #expect(try await call(service, "Greet", .values(["Ann", nil, 7])) == .result(" Ann 7"))
        #expect(await refusal(service, "Greet", .values([]))?.code == .invalidArgument)
    }

    @Test func aFunctionOfATypeIsAMethod() async throws {
        struct Greeter: ServiceComponent {
            let greeting: String
            func greet(name: String) -> String { "\(greeting), \(name)" }
            func later(name: String) async throws -> String { "\(greeting) later, \(name)" }
            func add(to service: inout ServiceDefinition) {
                service.add(Method("Greet", greet))
                service.add(Method("Later", later))
            }
        }
        let service = LeverService { Greeter(greeting: "Hi") }
        #expect(try await call(service, "Greet", .values(["Ann"])) == .result("Hi, Ann"))
        #expect(try await call(service, "Later", .values(["Ann"])) == .result("Hi later, Ann"))
    }

    @Test func theContextIsGivenAndCurrent() async throws {
        let service = LeverService {
            Method("Given") { (context: CallContext, text: String) in context.url.resource + text }
            Method("Current") { CallContext.current?.url.resource ?? "none" }
            Method("Nothing") { (_: CallContext) in }
        }
        let handler = service.handler()
        for method in ["Given", "Current"] {
            let context = CallContext(url: try LeverURL("lever://dev.lever/test/room/7/\(method)"))
            let arguments: RPCArguments = .values(method == "Given" ? ["!"] : [])
            let expected: LeverValue = method == "Given" ? "room/7!" : "room/7"
            #expect(try await handler.call(context, arguments) == .result(expected))
        }
        #expect(try await call(service, "Nothing", .values([])) == .result(nil))
    }

    // MARK: What goes wrong

    @Test func anUnknownMethodIsUnimplemented() async throws {
        let service = LeverService {
            Method("Known") { 1 }
        }
        let error = await refusal(service, "Unknown", .values([]))
        #expect(error?.code == .unimplemented)
        #expect(error?.message == "service test has no method \"Unknown\"")
        let nearly = await refusal(service, "known", .values([]))
        #expect(nearly?.code == .unimplemented)
        #expect(nearly?.message == "service test has no method \"known\"; did you mean \"Known\"?")
    }

    @Test func wrongArgumentsAreNamed() async throws {
        let service = LeverService {
            Method("Add") { (item: Item, count: Int?) in item.count + (count ?? 0) }
            Method("None") { 1 }
        }
        let item: LeverValue = ["name": "tea", "count": 1]
        func message(_ method: String, _ arguments: RPCArguments) async -> String {
            let error = await refusal(service, method, arguments)
            return error?.code == .invalidArgument ? error?.message ?? "" : "no refusal: \(String(describing: error))"
        }
        #expect(await message("Add", .values([])) == "Add takes 2 arguments (Item, Int?), but the call has 0")
        #expect(
            await message("Add", .values([item, 1, 2])) == "Add takes 2 arguments (Item, Int?), but the call has 3")
        #expect(await message("Add", .values(["x"])).hasPrefix("argument 1 of Add should be Item, but is a string: "))
        #expect(
            await message("Add", .values([item, "x"])).hasPrefix("argument 2 of Add should be Int?, but is a string: "))
        #expect(await message("Add", .values([["name": "tea"]])).contains("but its count does not fit: "))
        #expect(
            await message("Add", .values([["name": "tea", "count": 1.5]])).contains("but its count does not fit: "))
        #expect(
            await message("Add", .values([["name": "tea", "count": 1, "tags": ["a", 2]]]))
                .contains("but its tags[1] does not fit: "))
        let hint = "(over HTTP, JSON has the Content-Type application/json)"
        #expect(await message("Add", .bytes([1])) == "Add takes (Item, Int?), not a byte argument \(hint)")
        #expect(await message("None", .bytes([1])) == "None takes no argument, not a byte argument \(hint)")
        #expect(await message("None", .values([1])) == "None takes 0 arguments (), but the call has 1")
    }

    private struct OwnError: Error, CustomStringConvertible {
        var description: String { "out of tea" }
    }

    @Test func thrownErrorsReachTheCallerByTheirKind() async throws {
        let url = try LeverURL("lever://dev.lever/other/Fail")
        let service = LeverService {
            Method("Own") { throw ServiceError(["code": 7]) }
            Method("OwnBytes") { throw ServiceError(bytes: [1]) }
            Method("OwnEncoded") { throw try ServiceError(encoding: Item(name: "x", count: 1)) }
            Method("Other") { throw OwnError() }
            Method("Remote") { throw RemoteError(url: url, payload: .value("theirs")) }
            Method("Status") { throw RPCError(.unreachable, "nobody there") }
            Method("Cancelled") { throw CancellationError() }
        }
        #expect(try await call(service, "Own", .values([])) == .error(["code": 7]))
        #expect(try await call(service, "OwnBytes", .values([])) == .errorBytes([1]))
        #expect(try await call(service, "OwnEncoded", .values([])) == .error(["name": "x", "count": 1]))
        #expect(try await call(service, "Other", .values([])) == .error("out of tea"))
        #expect(try await call(service, "Remote", .values([])) == .error("theirs"))
        // The reason of a failed call to elsewhere would let a host believe that this call never began.
        #expect(
            await refusal(service, "Status", .values([]))
                == RPCError(code: .unavailable, message: "nobody there", origin: .instance))
        #expect(await refusal(service, "Cancelled", .values([]))?.code == .cancelled)
    }

    @Test func aDecodingErrorOfTheBodyIsNotTheCallers() async throws {
        let service = LeverService {
            Method("Parse") {
                throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "the file is broken"))
            }
        }
        guard case .error(.string(let text)) = try await call(service, "Parse", .values([])) else {
            Issue.record("not the method's own error")
            return
        }
        #expect(text.contains("the file is broken"))
    }
}
