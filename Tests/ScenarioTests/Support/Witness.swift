import Foundation
import LeverClient
import LeverCore
import Testing

/// A service whose instances write down, in one file and in the order in which it happens, what they do for which resource;
/// and the check that no two of them ever act for the same one.
///
/// The file is opened for appending by all of them, so that the kernel orders what they write.
struct Witness: Sendable {
    let log: String

    init(in folder: ServiceFolder) throws {
        log = "\(folder.path)/log"
        try folder.write("", to: "log")
    }

    /// The service's program; `version` is what its method `Version` answers.
    func script(_ version: String) -> String {
        """
        const fs = require("fs");
        const leveros = require("leveros");
        const instance = process.env.LEVEROS_INSTANCE_ID;
        const service = new leveros.Client().service("dev.lever", "witness");
        const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const calls = new Map();
        function note(event, resource) {
            const epoch = leveros.context() && leveros.context().resourceEpoch;
            fs.appendFileSync("\(log)", JSON.stringify({ event, resource, instance, epoch }) + "\\n");
        }
        async function during(resource, work) {
            note("begin", resource);
            calls.set(resource, (calls.get(resource) || 0) + 1);
            try { return await work(); } finally { note("end", resource); }
        }
        exports.NewResource = async (resource) => {
            if (resource.startsWith("refused")) throw new Error("no such room");
            if (resource.startsWith("hanging")) await sleep(3600e3);
            if (resource.startsWith("deadly")) process.exit(5);
            await sleep(resource.startsWith("slow") ? 200 : 2);
            calls.set(resource, 0);
            note("new", resource);
        };
        exports.CloseResource = async (resource) => {
            if (resource.startsWith("sticky")) await sleep(3600e3);
            note("close", resource);
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
        exports.Pid = async () => process.pid;
        exports.PidOf = (resource) => during(resource, async () => process.pid);
        exports.Slow = async (ms) => { await sleep(ms); return "\(version)"; };
        exports.Busy = (ms) => { const end = Date.now() + ms; while (Date.now() < end) {} return process.pid; };
        exports.UntilGone = async () => {
            note("waits", "");
            await new Promise((resolve) => leveros.context().signal.addEventListener("abort", resolve));
            note("cancelled", "");
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
            try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map { line in
                let value = try LeverValue(json: Array(line.utf8))
                return Entry(
                    event: value["event"]?.stringValue ?? "", resource: value["resource"]?.stringValue ?? "",
                    instance: value["instance"]?.stringValue ?? "", epoch: value["epoch"]?.intValue ?? 0)
            }
        }
    }

    /// Notes that an instance is about to be killed: from then on another may take what it held.
    func willKill(_ instance: String) throws {
        let line = "{\"event\":\"killed\",\"resource\":\"\",\"instance\":\"\(instance)\"}\n"
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
