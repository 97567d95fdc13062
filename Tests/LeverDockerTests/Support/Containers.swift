import DockerTestSupport
import Foundation
import LeverCore
import Testing

/// Networks and containers that a test makes at the engine itself, without a driver; all of them go with the test.
final class Containers: Sendable {
    /// A container that answers on port 80.
    struct Server: Sendable {
        var address: String
        /// The port of this machine that leads to it.
        var port: Int?
    }

    /// Tells the names of this test from those of others.
    let mark: String
    private let engine: DockerTestEngine

    private init(_ engine: DockerTestEngine) {
        self.engine = engine
        mark = "\(Int.random(in: 10_000..<100_000))"
    }

    static func with(_ body: (Containers) async throws -> Void) async throws {
        let containers = Containers(try #require(DockerTestEngine.current))
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(containers)) } catch { outcome = .failure(error) }
        await containers.removeAll()
        try outcome.get()
    }

    /// Makes a network; gives this machine's address on it.
    func network(_ name: String, bridge: String? = nil, isInternal: Bool = false) async throws -> String {
        let options = bridge.map { #"{"com.docker.network.bridge.name": "\#($0)"}"# } ?? "{}"
        try await engine.request(
            "POST", "/networks/create",
            #"{"Name": "\#(full(name))", "Driver": "bridge", "Internal": \#(isInternal), "Options": \#(options), "#
                + #""Labels": {"lever-test": "\#(mark)"}}"#)
        let network = try await answer("GET", "/networks/\(full(name))")
        // Some engines say it with the prefix's length.
        let gateway = try #require(network["IPAM"]?["Config"]?[0]?["Gateway"]?.stringValue)
        return String(gateway.prefix { $0 != "/" })
    }

    /// Starts a container that answers on port 80.
    func server(on network: String, named name: String? = nil, publishing: Bool = false) async throws -> Server {
        let script = try String(contentsOfFile: "\(PacketWorld.programs)/answer.js", encoding: .utf8)
        let id = try await start(
            ["node", "-e", script, "answer", "80"], on: network, named: name, publishing: publishing)
        for _ in 0..<500 {
            if try await engine.request("GET", "/containers/\(id)/logs?stdout=1").contains("ready") { break }
            try await Task.sleep(for: .milliseconds(20))
        }
        let container = try await answer("GET", "/containers/\(id)/json")["NetworkSettings"]
        return Server(
            address: try #require(container?["Networks"]?[full(network)]?["IPAddress"]?.stringValue),
            port: container?["Ports"]?["80/tcp"]?[0]?["HostPort"]?.stringValue.flatMap(Int.init))
    }

    /// Which of the targets of `probe.js` a new container on a network reaches.
    func reached(from network: String, _ targets: [String]) async throws -> Set<String> {
        let script = try String(contentsOfFile: "\(PacketWorld.programs)/probe.js", encoding: .utf8)
        let id = try await start(["node", "-e", script, "probe", "1500"] + targets, on: network)
        try await engine.request("POST", "/containers/\(id)/wait")
        let output = try await engine.request("GET", "/containers/\(id)/logs?stdout=1&stderr=1")
        try await engine.request("DELETE", "/containers/\(id)?force=1")
        let last = output.split(whereSeparator: \.isNewline).last ?? ""
        return Set(try JSONDecoder().decode([String].self, from: Data(last.utf8)))
    }

    /// Another machine beside this one, with a cloud's metadata on it: its address, which is this test's internet, and this
    /// machine's own towards it.
    func world() async throws -> (address: String, host: String) {
        let world = "lever\(mark)"
        // A network that is for examples only.
        for words in [
            "netns add \(world)", "-n \(world) link set lo up",
            "link add lvup\(mark) type veth peer name eth0 netns \(world)",
            "address add 203.0.113.1/24 dev lvup\(mark)", "link set lvup\(mark) up", "-n \(world) link set eth0 up",
            "-n \(world) address add 203.0.113.2/24 dev eth0", "-n \(world) address add 169.254.169.254/32 dev eth0",
            "-n \(world) route add default via 203.0.113.1", "route add 169.254.169.254/32 via 203.0.113.2",
        ] {
            let ended = try await Program.run("ip", words.split(separator: " ").map(String.init))
            try #require(ended.isSuccess, "ip \(words): \(ended.error)")
        }
        return ("203.0.113.2", "203.0.113.1")
    }

    /// Which targets that machine reaches.
    func reached(fromWorld targets: [String]) async throws -> Set<String> {
        let ended = try await Program.run(
            "ip", ["netns", "exec", "lever\(mark)", "node", "\(PacketWorld.programs)/probe.js", "1500"] + targets)
        return Set(try JSONDecoder().decode([String].self, from: Data(ended.output.utf8)))
    }

    private func answer(_ method: String, _ path: String, _ body: String? = nil) async throws -> LeverValue {
        try LeverValue(json: await engine.request(method, path, body))
    }

    private func full(_ name: String) -> String { "lever-test-\(mark)-\(name)" }

    private func start(
        _ words: [String], on network: String, named name: String? = nil, publishing: Bool = false
    ) async throws -> String {
        let command = String(decoding: try JSONEncoder().encode(words), as: UTF8.self)
        let aliases = name.map { #"["\#($0)"]"# } ?? "[]"
        let body = """
            {"Image": "\(engine.image)", "Cmd": \(command), "Tty": true, "Labels": {"lever-test": "\(mark)"},
            "HostConfig": {"NetworkMode": "\(full(network))", "AutoRemove": false,
            "PortBindings": \(publishing ? #"{"80/tcp": [{"HostPort": ""}]}"# : "{}")},
            "ExposedPorts": \(publishing ? #"{"80/tcp": {}}"# : "{}"),
            "NetworkingConfig": {"EndpointsConfig": {"\(full(network))": {"Aliases": \(aliases)}}}}
            """
        let created = try await answer("POST", "/containers/create", body)
        let id = try #require(created["Id"]?.stringValue)
        try await engine.request("POST", "/containers/\(id)/start")
        return id
    }

    private func removeAll() async {
        let filter = "filters=%7B%22label%22%3A%5B%22lever-test%3D\(mark)%22%5D%7D"
        let containers = try? await answer("GET", "/containers/json?all=1&\(filter)")
        for container in containers?.arrayValue ?? [] {
            _ = try? await engine.request("DELETE", "/containers/\(container["Id"]?.stringValue ?? "")?force=1")
        }
        let networks = try? await answer("GET", "/networks?\(filter)")
        for network in networks?.arrayValue ?? [] {
            _ = try? await engine.request("DELETE", "/networks/\(network["Id"]?.stringValue ?? "")")
        }
        // The cable goes with the namespace.
        _ = try? await Program.run("ip", ["netns", "delete", "lever\(mark)"])
    }
}
