import LeverCore
import Testing

@Suite("Lever URLs")
struct LeverURLTests {
    @Test(
        "parses as the wire contract writes them",
        arguments: [
            ("lever://dev.lever/basictestservice//BasicHello", "dev.lever", "basictestservice", "", "BasicHello"),
            ("lever://dev.lever/hello/SayHello", "dev.lever", "hello", "", "SayHello"),
            ("LEVER://Dev.Lever:8080/hello/SayHello", "dev.lever", "hello", "", "SayHello"),
            ("lever://dev.lever/chat/rooms/a%20b/FeedChan", "dev.lever", "chat", "rooms/a%20b", "FeedChan"),
            ("/hello/SayHello", nil, "hello", "", "SayHello"),
            ("hello//SayHello", nil, "hello", "", "SayHello"),
            ("hello/x//SayHello", nil, "hello", "x/", "SayHello"),
        ])
    func parses(text: String, environment: String?, service: String, resource: String, method: String) throws {
        let url = try LeverURL(text)
        #expect(url.environment?.rawValue == environment)
        #expect(url.service.rawValue == service)
        #expect(url.resource == resource)
        #expect(url.method.rawValue == method)
        #expect(try LeverURL(url.description) == url)
    }

    @Test(
        "refuses malformed ones and says why",
        arguments: [
            ("", "names no method"), ("lever://dev.lever", "names no method"),
            ("lever://dev.lever/hello", "names no method"),
            ("lever:///hello/SayHello", "is empty"), ("http://dev.lever/hello/Say", "scheme"),
            ("lever://dev lever/hello/Say", "letters"), ("lever://dev.lever/he/Say", "shorter than 3"),
            ("lever://dev.lever/hel?lo/Say", "may not hold '?'"),
            ("lever://dev.lever/hello/", "method name is missing"),
            ("lever://-a.lever/hello/Say", "starts or ends"), ("lever://a..b/hello/Say", "empty label"),
            ("hello/a\u{1}b/Say", "control characters"), ("hello/Say Hello", "may not hold"),
        ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: RPCError.self) { try LeverURL(text) }
        #expect(error?.reason == .badURL)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("methods that start with _ are never callable")
    func underscore() {
        let error = #expect(throws: RPCError.self) { try LeverURL("lever://dev.lever/hello/_private") }
        #expect(error?.code == .unimplemented)
    }

    @Test(
        "a method is a channel method by its name alone",
        arguments: [
            ("FeedChan", true), ("feed_chan", true), ("chan", true), ("Chan", true), ("channel", false),
            ("Chance", false),
            ("feedchan", false), ("SayHello", false),
        ])
    func channel(name: String, isChannel: Bool) throws {
        #expect(try MethodName(name).isChannel == isChannel)
    }

    @Test func resourcesAreComparedByTheirBytes() throws {
        let composed = try LeverURL("lever://dev.lever/hello/caf\u{E9}/Say")
        let decomposed = try LeverURL("lever://dev.lever/hello/cafe\u{301}/Say")
        #expect(composed.resource == decomposed.resource, "as texts they are equal")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
    }
}
