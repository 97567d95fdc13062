import LeverCore
import Testing

@Suite("Names")
struct NameTests {
    @Test(
        "environments are host names in lower case",
        arguments: [
            ("dev.lever", "dev.lever"), ("Shop.Example.COM.", "shop.example.com"), ("a", "a"), ("x_1-y.z", "x_1-y.z"),
            (String(repeating: "a", count: 63), String(repeating: "a", count: 63)),
        ])
    func environment(text: String, name: String) throws {
        #expect(try EnvironmentName(text).rawValue == name)
    }

    @Test(
        "refuses what is no host name",
        arguments: [
            "", ".", "a..b", "-a", "a-", "a b", "ä", "a/b", "a:80", String(repeating: "a", count: 64),
            String(repeating: "a.", count: 128), "*.lever",
        ])
    func noEnvironment(text: String) {
        let error = #expect(throws: RPCError.self) { try EnvironmentName(text) }
        #expect(error?.reason == .badURL)
    }

    @Test(
        "service names have 3 to 255 characters",
        arguments: [
            ("abc", true), ("ab", false), ("日本語", true), ("日本", false), (String(repeating: "x", count: 255), true),
            (String(repeating: "x", count: 256), false), (String(repeating: "ü", count: 255), true), ("a/b", false),
            ("a?b", false),
            ("a#b", false), ("a b", false), ("a\u{A0}b", false), ("a\u{1}b", false), ("...", true),
            ("hello-world_1", true),
        ])
    func service(text: String, isGood: Bool) {
        #expect(((try? ServiceName(text)) != nil) == isGood)
    }

    @Test("methods that start with _ are not callable, empty and long ones malformed")
    func method() {
        #expect(#expect(throws: RPCError.self) { try MethodName("_x") }?.reason == .noMethod)
        #expect(#expect(throws: RPCError.self) { try MethodName("") }?.reason == .badURL)
        #expect(
            #expect(throws: RPCError.self) { try MethodName(String(repeating: "m", count: 256)) }?.reason == .badURL)
        #expect((try? MethodName("say.hello-2"))?.isChannel == false)
    }

    @Test("names that only look alike are different ones, as their folders and records are")
    func bytes() throws {
        let composed = try ServiceName("caf\u{E9}")
        let decomposed = try ServiceName("cafe\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(try MethodName("caf\u{E9}") != MethodName("cafe\u{301}"))
        #expect(try composed == ServiceName("caf\u{E9}"))
    }
}
