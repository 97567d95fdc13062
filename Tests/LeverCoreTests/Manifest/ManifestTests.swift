import LeverCore
import Testing

@Suite("lever.json")
struct ManifestTests {
    private func parse(_ text: String) throws -> (manifest: Manifest, warnings: [String]) {
        try Manifest.parse(Array(text.utf8))
    }

    @Test("every field has its default")
    func defaults() throws {
        let (manifest, warnings) = try parse(#"{"name": "hello"}"#)
        #expect(manifest == Manifest(name: try ServiceName("hello")))
        #expect(manifest.entry == .command(["./serve"]))
        #expect(manifest.maxInstanceLoad == 10 && manifest.minInstances == 0 && manifest.ram == 50)
        #expect(manifest.maxInstances == 10 && manifest.channelLoad == 0.01)
        #expect(manifest.drainTimeout == nil && manifest.channelDrainTimeout == nil)
        #expect(!manifest.isPrivate && manifest.config == [:] && manifest.description == nil)
        #expect(warnings.isEmpty)
    }

    @Test("every field is read, and null counts as left out")
    func allFields() throws {
        let (manifest, warnings) = try parse(
            """
            {"name": "chat", "description": "rooms", "jsEntry": "./lib/../server.js", "entry": null, "private": true,
             "maxInstanceLoad": 2.5, "minInstances": 2, "maxInstances": 3, "channelLoad": 0.5, "ram": 128,
             "drainTimeout": 2.5, "channelDrainTimeout": 600,
             "config": {"greeting": ["hi", 1, {"a": null}]}}
            """)
        #expect(manifest.name.rawValue == "chat")
        #expect(manifest.description == "rooms")
        #expect(manifest.entry == .javaScript("./lib/../server.js"))
        #expect(manifest.isPrivate)
        #expect(manifest.maxInstanceLoad == 2.5 && manifest.minInstances == 2 && manifest.ram == 128)
        #expect(manifest.maxInstances == 3 && manifest.channelLoad == 0.5)
        #expect(manifest.drainTimeout == .seconds(2.5) && manifest.channelDrainTimeout == .seconds(600))
        #expect(manifest.config == ["greeting": ["hi", 1, ["a": nil]]])
        #expect(warnings.isEmpty)
    }

    @Test(
        "round-trips through the value that catalogs keep",
        arguments: [
            #"{"name": "abc"}"#,
            #"{"name": "abc", "entry": ["node", "x y.js", ""], "description": "", "private": true}"#,
            #"{"name": "abc", "minInstances": 4, "maxInstances": 4, "channelLoad": 0}"#,
            #"{"name": "abc", "drainTimeout": 0.25, "channelDrainTimeout": 86400}"#,
            #"{"name": "abc", "minInstances": 40}"#,
            #"{"name": "abc", "build": ["swift", "build"], "files": [".build/release/abc", "web"]}"#,
            #"{"name": "ünï", "jsEntry": "a.js", "maxInstanceLoad": 0.1, "minInstances": 7, "ram": 1, "config": {"z": 1, "a": []}}"#,
        ])
    func roundTrip(text: String) throws {
        let manifest = try parse(text).manifest
        #expect(try parse(manifest.json.json()).manifest == manifest)
        #expect(try Manifest.parse(manifest.json).manifest == manifest)
        #expect(try parse(manifest.json.json()).warnings.isEmpty)
    }

    @Test(
        "refuses what is malformed, naming field, value and rule",
        arguments: [
            (#"{}"#, #""name" is missing"#),
            (#"{"name": null}"#, #""name" is missing"#),
            (#"{"name": 7}"#, #""name" must be a string, not 7"#),
            (#"{"name": "ab"}"#, #""name" "ab" is shorter than 3 characters"#),
            (#"{"name": "a b c"}"#, "may not hold white space"),
            (#"{"name": "a/bc"}"#, "may not hold '/'"),
            (#"{"name": "abc", "description": []}"#, #""description" must be a string, not []"#),
            (#"{"name": "abc", "entry": "./serve"}"#, #""entry" must be an array of strings"#),
            (#"{"name": "abc", "entry": []}"#, "at least the command"),
            (#"{"name": "abc", "entry": [""]}"#, "must start with a command"),
            (#"{"name": "abc", "entry": ["a", 1]}"#, #"not ["a",1]"#),
            (#"{"name": "abc", "entry": ["a\u0000b"]}"#, "NUL"),
            (#"{"name": "abc", "entry": ["a"], "jsEntry": "b.js"}"#, "exclude each other"),
            (#"{"name": "abc", "build": "make"}"#, #""build" must be an array of strings: the command"#),
            (#"{"name": "abc", "build": []}"#, #""build" must hold at least the command"#),
            (#"{"name": "abc", "files": "a"}"#, #""files" must be an array of strings: paths within"#),
            (#"{"name": "abc", "files": []}"#, #""files" must name at least one file"#),
            (#"{"name": "abc", "files": ["a", "b/../../c"]}"#, #"not "b/../../c""#),
            (#"{"name": "abc", "files": ["/etc/passwd"]}"#, #"not "/etc/passwd""#),
            (#"{"name": "abc", "files": ["."]}"#, #"not ".""#),
            (#"{"name": "abc", "jsEntry": ["b.js"]}"#, #""jsEntry" must be a string"#),
            (#"{"name": "abc", "jsEntry": ""}"#, "path of a JavaScript module"),
            (#"{"name": "abc", "jsEntry": "/etc/x.js"}"#, "relative"),
            (#"{"name": "abc", "jsEntry": "../x.js"}"#, "stay inside"),
            (#"{"name": "abc", "jsEntry": "a/../../b/x.js"}"#, "stay inside"),
            (#"{"name": "abc", "private": "true"}"#, #""private" must be true or false, not "true""#),
            (#"{"name": "abc", "maxInstanceLoad": 0}"#, "above 0"),
            (#"{"name": "abc", "maxInstanceLoad": "10"}"#, #"not "10""#),
            (#"{"name": "abc", "minInstances": -1}"#, "from 0 to 10000, not -1"),
            (#"{"name": "abc", "minInstances": 1.5}"#, "whole number"),
            (#"{"name": "abc", "maxInstances": 0}"#, #""maxInstances" must be a whole number from 1 to 10000, not 0"#),
            (#"{"name": "abc", "maxInstances": 10001}"#, "from 1 to 10000, not 10001"),
            (#"{"name": "abc", "maxInstances": "3"}"#, #"not "3""#),
            (
                #"{"name": "abc", "minInstances": 3, "maxInstances": 2}"#,
                #""maxInstances" must be at least "minInstances", which is 3, not 2"#
            ),
            (#"{"name": "abc", "channelLoad": -0.1}"#, #""channelLoad" must be a number from 0 to 1000000, not -0.1"#),
            (#"{"name": "abc", "channelLoad": true}"#, "not true"),
            (
                #"{"name": "abc", "drainTimeout": 0}"#,
                #""drainTimeout" must be a number above 0 and up to 86400, not 0"#
            ),
            (#"{"name": "abc", "channelDrainTimeout": "5m"}"#, #"not "5m""#),
            (#"{"name": "abc", "channelLoad": 1e7}"#, "to 1000000"),
            (#"{"name": "abc", "ram": 0}"#, "from 1 to"),
            (#"{"name": "abc", "ram": 1e300}"#, "from 1 to"),
            (#"{"name": "abc", "config": [1]}"#, #""config" must be an object, not [1]"#),
            (#"["name"]"#, "must hold an object, not an array"),
            (#"{"name": "abc",}"#, "line 1, column 16"),
            ("", "not JSON"),
        ])
    func refuses(text: String, reason: String) {
        let error = #expect(throws: RuntimeError.self) { try parse(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("a manifest from before there was maxInstances may keep any number running")
    func maxInstancesFollows() throws {
        #expect(try parse(#"{"name": "abc", "minInstances": 9}"#).manifest.maxInstances == 10)
        #expect(try parse(#"{"name": "abc", "minInstances": 40}"#).manifest.maxInstances == 40)
        #expect(try parse(#"{"name": "abc", "minInstances": 0, "maxInstances": 1}"#).manifest.maxInstances == 1)
        #expect(try parse(#"{"name": "abc", "maxInstances": null}"#).manifest.maxInstances == 10)
    }

    @Test("long values are shortened in messages, long files and configurations refused")
    func long() {
        let long = String(repeating: "x", count: 5000)
        let shortened = #expect(throws: RuntimeError.self) { try parse(#"{"name": "abc", "private": "\#(long)"}"#) }
        #expect((shortened?.message.utf8.count ?? 0) < 200)
        let file = #expect(throws: RuntimeError.self) { try Manifest.parse([UInt8](repeating: 0x20, count: 300_000)) }
        #expect(file?.message.contains("300000 bytes") == true)
        let config = String(repeating: "x", count: 130_000)
        let tooLong = #expect(throws: RuntimeError.self) {
            try parse(#"{"name": "abc", "config": {"x": "\#(config)"}}"#)
        }
        #expect(tooLong?.message.contains("130008 bytes") == true)
    }

    @Test(
        "unknown keys are warnings that name what was meant",
        arguments: [
            ("minInstance", "minInstances"), ("max_instance_load", "maxInstanceLoad"), ("maxInstance", "maxInstances"),
            ("channel-load", "channelLoad"), ("jsentry", "jsEntry"),
            ("nmae", nil), ("descripton", "description"), ("RAM", "ram"), ("zzzzzz", nil), ("version", nil),
            ("entrypoint", nil), ("enrty", "entry"),
        ])
    func unknown(key: String, meant: String?) throws {
        let (_, warnings) = try parse(#"{"name": "abc", "\#(key)": 1}"#)
        let warning = try #require(warnings.first)
        #expect(warnings.count == 1)
        #expect(warning.contains("\"\(key)\" is unknown"))
        if let meant { #expect(warning.hasSuffix("did you mean \"\(meant)\"?")) }
    }
}
