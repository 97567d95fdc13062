import LeverCore
import Testing

@testable import LeverDocker

@Suite("Where an engine answers")
struct EngineAddressTests {
    @Test(
        "addresses as in DOCKER_HOST",
        arguments: [
            (
                "unix:///var/run/docker.sock", nil, "http+unix://%2Fvar%2Frun%2Fdocker.sock",
                "unix:///var/run/docker.sock"
            ),
            ("unix:///a b/é", nil, "http+unix://%2Fa%20b%2F%C3%A9", "unix:///a b/é"),
            ("tcp://10.0.0.1", nil, "http://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
            ("tcp://10.0.0.1/", "/c", "https://10.0.0.1:2376", "tcp://10.0.0.1:2376"),
            ("tcp://engine.example.com:99", "/c", "https://engine.example.com:99", "tcp://engine.example.com:99"),
            ("tcp://[::1]:99", nil, "http://[::1]:99", "tcp://[::1]:99"),
            ("tcp://[fe80::1]", nil, "http://[fe80::1]:2375", "tcp://[fe80::1]:2375"),
        ] as [(String, String?, String, String)])
    func parses(text: String, certificates: String?, base: String, description: String) throws {
        let address = try EngineAddress(text, certificates: certificates)
        #expect(address.base == base)
        #expect(address.description == description)
    }

    @Test(
        "what is no address is named",
        arguments: [
            "", "docker", "unix://docker.sock", "http://10.0.0.1", "tcp://", "tcp://a:0", "tcp://a:x", "tcp://u@a",
            "tcp://a/b",
        ])
    func refuses(text: String) throws {
        let error = try #require(throws: RuntimeError.self) { try EngineAddress(text) }
        #expect(error.code == .invalidConfiguration)
        #expect(error.message.contains("\"\(text)\""))
    }

    @Test("versions of the API are numbers, not texts")
    func versions() throws {
        #expect(try #require(APIVersion("1.9")) < #require(APIVersion("1.41")))
        #expect(APIVersion("1.41") == Engine.version)
        for text in ["", "1", "1.x", "1.2.3"] { #expect(APIVersion(text) == nil) }
    }
}
