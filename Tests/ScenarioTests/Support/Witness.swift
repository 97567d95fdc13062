import Foundation
import LeverClient
import LeverCore
import Testing

/// A service whose instances write down, in one place and in the order in which it happens, what they do for which resource;
/// and the check that no two of them ever act for the same one.
///
/// The place is a file that all of them open for appending, so that the kernel orders what they write. Instances in containers
/// have no such file: they call a service `journal` of the test's host, and do nothing more before it has answered. Where the
/// host is a program of its own, they print, and the host's log files are read, which order only what one instance did.
struct Witness: Sendable {
    private enum Place {
        case file(String)
        case service(Journal)
        case output(data: String)
    }

    private let place: Place

    /// The file that instances write to, where it is one.
    var log: String? { if case .file(let log) = place { log } else { nil } }

    /// The service that instances in containers call.
    var journal: Journal? { if case .service(let journal) = place { journal } else { nil } }

    /// - Parameter data: the data directory of a host that is a program of its own.
    init(in folder: ServiceFolder, driver: TestDriver = .process, data: ServiceFolder? = nil) throws {
        switch driver {
        case .process:
            place = .file("\(folder.path)/log")
            try folder.write("", to: "log")
        case .docker:
            place = data.map { .output(data: $0.path) } ?? .service(Journal())
        }
    }

    /// The service's program; `version` is what its method `Version` answers.
    func script(_ version: String) -> String {
        let write =
            switch place {
            case .file(let log): #"fs.appendFileSync("\#(log)", line + "\n");"#
            case .service: #"await journal.invoke("Note", line);"#
            case .output: "console.log(line);"
            }
        return """
            const fs = require("fs");
            const leveros = require("leveros");
            const instance = process.env.LEVEROS_INSTANCE_ID;
            const client = new leveros.Client();
            const service = client.service("dev.lever", "witness");
            const journal = client.service("dev.lever", "journal");
            const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
            const calls = new Map();
            async function note(event, resource) {
                const epoch = leveros.context() && leveros.context().resourceEpoch;
                const line = JSON.stringify({ event, resource, instance, epoch });
                \(write)
            }
            async function during(resource, work) {
                await note("begin", resource);
                calls.set(resource, (calls.get(resource) || 0) + 1);
                try { return await work(); } finally { await note("end", resource); }
            }
            exports.NewResource = async (resource) => {
                if (resource.startsWith("refused")) throw new Error("no such room");
                if (resource.startsWith("hanging")) await sleep(3600e3);
                if (resource.startsWith("deadly")) process.exit(5);
                await sleep(resource.startsWith("slow") ? 200 : 2);
                calls.set(resource, 0);
                await note("new", resource);
            };
            exports.CloseResource = async (resource) => {
                if (resource.startsWith("sticky")) await sleep(3600e3);
                await note("close", resource);
                calls.delete(resource);
            };
            exports.Touch = (resource, ms) => during(resource, async () => {
                await sleep(ms || 0);
                return [instance, leveros.context().resourceEpoch, calls.get(resource)];
            });
            exports.Again = (resource, ms) => during(resource, async () => {
                await sleep(ms);
                const [other] = await service.resource(resource).invoke("Touch", ms);
                if (other !== instance) throw new Error("another activation answered: " + other);
                return instance;
            });
            exports.talkChan = async (channel, resource) => during(resource, async () => {
                for await (const message of channel) await channel.send(message);
            });
            exports.Version = async () => "\(version)";
            exports.Id = async () => instance;
            exports.Slow = async (ms) => { await sleep(ms); return "\(version)"; };
            exports.Busy = (ms) => { const end = Date.now() + ms; while (Date.now() < end) {} return instance; };
            exports.UntilGone = async () => {
                await note("waits", "");
                await new Promise((resolve) => leveros.context().signal.addEventListener("abort", resolve));
                await note("cancelled", "");
            };
            exports.EchoChan = async (channel) => { for await (const message of channel) await channel.send(message); };
            """
    }

    /// A line of the log.
    struct Entry: Sendable {
        var event: String
        var resource: String
        var instance: String
        var epoch: Int
    }

    var entries: [Entry] {
        get throws {
            try lines.map { line in
                let value = try LeverValue(json: line)
                return Entry(
                    event: value["event"]?.stringValue ?? "", resource: value["resource"]?.stringValue ?? "",
                    instance: value["instance"]?.stringValue ?? "", epoch: value["epoch"]?.intValue ?? 0)
            }
        }
    }

    private var lines: [String] {
        get throws {
            switch place {
            case .file(let log):
                return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
            case .service(let journal):
                return journal.lines
            case .output(let data):
                let logs = "\(data)/logs/dev.lever/witness"
                // It is made with the first line.
                guard FileManager.default.fileExists(atPath: logs) else { return [] }
                let files = try FileManager.default.contentsOfDirectory(atPath: logs).sorted()
                return try files.flatMap { name in
                    // Each line begins with its time, its instance and its number.
                    try String(contentsOfFile: "\(logs)/\(name)", encoding: .utf8).split(separator: "\n").compactMap {
                        let parts = $0.split(separator: " ", maxSplits: 3)
                        return parts.count == 4 && parts[3].hasPrefix("{\"event\"") ? String(parts[3]) : nil
                    }
                }
            }
        }
    }

    /// Notes that an instance is about to be killed: from then on another may take what it held.
    func willKill(_ instance: String) throws {
        let line = "{\"event\":\"killed\",\"resource\":\"\",\"instance\":\"\(instance)\"}\n"
        guard let log else {
            return try #require(journal, "what was killed cannot be ordered in the output of instances").note(line)
        }
        let file = try #require(FileHandle(forWritingAtPath: log))
        // One write at the end of the file, as theirs are.
        try file.seekToEnd()
        try file.write(contentsOf: Data(line.utf8))
        try file.close()
    }

    /// Checks the guarantee of one activation, from the log; gives the number of activations of each resource.
    @discardableResult
    func check() throws -> [String: Int] {
        struct Holder {
            var instance: String
            var epoch: Int
            var running = 0
        }
        var holders: [String: Holder] = [:]
        var epochs: [String: Int] = [:]
        var activations: [String: Int] = [:]
        var killed: Set<String> = []
        for (number, entry) in try entries.enumerated() {
            let place = "line \(number + 1): \(entry)"
            switch entry.event {
            case "killed":
                killed.insert(entry.instance)
            case "new":
                if let holder = holders[entry.resource], !killed.contains(holder.instance) {
                    Issue.record("\(holder.instance) still holds it; \(place)")
                }
                #expect(entry.epoch > epochs[entry.resource] ?? 0, "the epoch did not go up; \(place)")
                epochs[entry.resource] = entry.epoch
                activations[entry.resource, default: 0] += 1
                holders[entry.resource] = Holder(instance: entry.instance, epoch: entry.epoch)
            case "begin", "end":
                guard !killed.contains(entry.instance) else { continue }
                let holder = try #require(holders[entry.resource], "nobody holds it; \(place)")
                #expect(holder.instance == entry.instance, "\(holder.instance) holds it; \(place)")
                #expect(holder.epoch == entry.epoch, "the epoch is \(holder.epoch); \(place)")
                holders[entry.resource]?.running += entry.event == "begin" ? 1 : -1
            case "close":
                guard !killed.contains(entry.instance) else { continue }
                let found = holders.removeValue(forKey: entry.resource)
                let holder = try #require(found, "nobody holds it; \(place)")
                #expect(holder.instance == entry.instance, "\(holder.instance) holds it; \(place)")
                #expect(holder.running == 0, "\(holder.running) handlers were running; \(place)")
            default:
                break
            }
        }
        return activations
    }
}

extension EmbeddedHost {
    /// The instances of the service `witness` that answer calls.
    func witnessInstances(expecting count: Int) async throws -> Set<String> {
        let found = Shared<Set<String>>([])
        try await wait("\(count) instances run", seconds: 60) {
            let list = try await admin("ListInstances", "dev.lever", "witness")
            found.change { found in
                found = Set(
                    (list.arrayValue ?? []).filter { $0["state"] == "ready" }.compactMap { $0["instance"]?.stringValue }
                )
            }
            return found.value.count == count
        }
        return found.value
    }

    /// Calls a method of a resource of the service `witness`; an empty resource is none. Half of the calls come over the
    /// network, the others from within the host.
    func witness(
        _ resource: String, _ method: String, _ arguments: LeverValue..., timeout: Duration? = nil
    ) async throws -> LeverValue {
        let service = try LeverURL("lever://dev.lever/witness/\(method)")
        let url = LeverURL(
            environment: service.environment, service: service.service, resource: resource, method: service.method)
        var options = CallOptions()
        options.timeout = timeout
        let caller = Bool.random() ? client : network
        switch try await caller.call(url, .values(arguments), options: options) {
        case .result(let value): return value
        case .error(let value): throw RemoteError(url: url, payload: .value(value))
        case .bytes, .errorBytes: throw RPCError(.badMessage, "bytes")
        }
    }

    /// Calls a method of the host's administration.
    func admin(_ method: String, _ arguments: LeverValue...) async throws -> LeverValue {
        let url = try LeverURL("lever://admin.lever/admin/\(method)")
        switch try await client.call(url, .values(arguments)) {
        case .result(let value): return value
        case .error(let value): throw RemoteError(url: url, payload: .value(value))
        case .bytes, .errorBytes: throw RPCError(.badMessage, "bytes")
        }
    }
}
