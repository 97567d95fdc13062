import ArgumentParser
import LeverCore
import Testing

@testable import lever

@Suite struct OptionsTests {
    private func connection(_ arguments: [String] = []) throws -> ConnectionOptions {
        try ConnectionOptions.parse(arguments)
    }

    private let nothing: (String) -> String? = { _ in nil }
    private let variables: (String) -> String? = {
        ["LEVEROS_ENV": "staging.lever", "LEVEROS_IP_PORT": "10.0.0.7:9090"][$0]
    }

    @Test func relativeAddressesBelongToTheEnvironment() throws {
        let options = try connection()
        #expect(try options.address("/hello/SayHello", nothing).description == "lever://dev.lever/hello//SayHello")
        #expect(
            try options.address("hello/room/x/Say", variables).description == "lever://staging.lever/hello/room/x/Say")
        let flagged = try connection(["-E", "Shop.example.com"])
        #expect(try flagged.address("hello/Say", variables).environment?.rawValue == "shop.example.com")
        #expect(try flagged.address("lever://dev.lever/hello/Say", variables).environment == .default)
    }

    @Test func malformedAddressesAreWrongUsage() throws {
        for text in ["hello", "http://dev.lever/hello/Say", "lever://dev..lever/hello/Say", "hello/_hidden"] {
            let failure = #expect(throws: CommandFailure.self) { try connection().address(text, nothing) }
            #expect(failure?.status == .usage)
        }
    }

    @Test func theHostIsForcedLocalOrTheEnvironmentItself() throws {
        let shop = try EnvironmentName("shop.example.com")
        #expect(try connection().host(of: .default, nothing) == "127.0.0.1:8080")
        #expect(try connection().host(of: shop, nothing) == "shop.example.com:80")
        #expect(try connection().host(of: shop, variables) == "10.0.0.7:9090")
        #expect(try connection(["--host", "unix:/tmp/x"]).host(of: shop, variables) == "unix:/tmp/x")
    }

    @Test func aHostWithoutPortIsWrongUsage() throws {
        let failure = #expect(throws: CommandFailure.self) {
            try connection(["-H", "localhost"]).client(for: .default)
        }
        #expect(failure?.status == .usage)
    }

    @Test(arguments: [
        ("10", Duration.seconds(10)), ("1.5s", .milliseconds(1500)), ("250ms", .milliseconds(250)),
        ("2m", .seconds(120)), ("1h", .seconds(3600)),
    ])
    func times(_ text: String, _ duration: Duration) throws {
        #expect(try TimeoutOption.duration(text) == duration)
    }

    @Test(arguments: ["", "s", "0", "-1s", "5 s", "5d", "1.2.3", "inf", "nan", "1e400"])
    func noTimes(_ text: String) {
        #expect(throws: ValidationError.self) { try TimeoutOption.duration(text) }
    }

    @Test func negativeNumbersAreArguments() throws {
        #expect(Arguments.shielded("-5") == " -5")
        #expect(Arguments.shielded("-E") == "-E")
        #expect(Arguments.shielded("--pretty") == "--pretty")
        #expect(Arguments.shielded("-") == "-")
        let arguments = ["a/b", "-5", "--pretty"].map(Arguments.shielded)
        let command = try InvokeCommand.parse(arguments)
        #expect(try JSONArguments.parse(command.arguments) == [-5])
        #expect(command.pretty)
    }
}

@Suite struct DeployDestinationTests {
    private func destination(
        _ places: [String], directories: Set<String> = [], services: Set<String> = ["."]
    ) throws -> DeployDestination {
        try DeployDestination(
            places, defaultEnvironment: .default, isDirectory: directories.contains, isService: services.contains)
    }

    private func expect(_ destination: DeployDestination, _ environment: String, _ directory: String) {
        #expect(destination.environment.rawValue == environment)
        #expect(destination.directory == directory)
    }

    @Test func argumentsMayBeLeftOut() throws {
        expect(try destination([]), "dev.lever", ".")
        expect(try destination(["shop.lever"]), "shop.lever", ".")
        expect(try destination(["hello"], directories: ["hello"]), "dev.lever", "hello")
        expect(try destination(["shop.lever", "hello"], directories: ["hello"]), "shop.lever", "hello")
    }

    @Test func aSingleDirectoryIsTheDirectoryWhateverItsName() throws {
        expect(try destination(["dev.lever"], directories: ["dev.lever"]), "dev.lever", "dev.lever")
    }

    @Test func mistakesAreNamed() throws {
        for (places, text) in [
            (["./hello"], "there is no directory ./hello"), (["shop.lever", "hello"], "there is no directory hello"),
            (["he llo"], "and there is no directory of that name"),
        ] {
            let failure = #expect(throws: CommandFailure.self) { try destination(places) }
            guard case .message(let message, _)? = failure?.output else {
                Issue.record("no message")
                continue
            }
            #expect(failure?.status == .usage)
            #expect(message.contains(text))
        }
        let mistyped = #expect(throws: CommandFailure.self) { try destination(["helo"], services: []) }
        guard case .message(let message, _)? = mistyped?.output else {
            Issue.record("no message")
            return
        }
        #expect(message == "there is no directory helo, and the one you are in has no lever.json")
        let swapped = #expect(throws: CommandFailure.self) {
            try destination(["hello", "shop.lever"], directories: ["hello"])
        }
        #expect(
            swapped?.output
                == .message(
                    "there is no directory shop.lever",
                    hint: "The environment comes first: lever deploy shop.lever hello"))
    }
}
