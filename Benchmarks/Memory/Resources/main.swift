// What one active resource costs a host in memory: the entry of the directory that decides, and the entry of the table that
// the data path reads. Beside them, for scale, a plain dictionary from the same names to numbers. Prints one line of JSON with
// the resident bytes for each resource of one of them.
//
// usage: benchmark-resources directory|routes|dictionary [<resources>]

import Foundation
import LeverCore
import LeverRouter
import LeverTransport

/// Bytes that this process has resident of its own.
func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
}

let count = CommandLine.arguments.dropFirst(2).first.flatMap { Int($0) } ?? 100_000
let service = ServiceID(environment: .default, service: try ServiceName("hello"))
let instances = (0..<10).map { InstanceID("benchmark-\($0)") }

func resource(_ index: Int) -> ResourceID { ResourceID("customer/\(1_000_000 + index)/cart") }

/// What something takes for each resource.
func measure<Value>(_ make: () throws -> Value) rethrows -> Double {
    let before = residentBytes()
    let value = try make()
    return withExtendedLifetime(value) { Double(residentBytes() - before) / Double(count) }
}

/// All resources, activated one after the other as a host does it.
func directory() -> ResourceDirectory {
    var configuration = ResourceDirectory.Configuration()
    configuration.maximumResources = count
    var directory = ResourceDirectory(
        service: service, liveVersion: 1, epochs: EpochGenerator(term: 1), configuration: configuration)
    let now = ContinuousClock.now
    for instance in instances { _ = directory.handle(.instanceReady(instance, version: 1), at: now) }
    for index in 0..<count {
        let id = resource(index)
        for action in directory.handle(.callsWaiting(id), at: now) {
            if case .sendNewResource(let id, let activation) = action {
                _ = directory.handle(.opened(id, activation.epoch), at: now)
            }
        }
    }
    return directory
}

/// The table, with an activation for each resource.
func routes() -> RoutingSnapshot {
    let routes = instances.map {
        InstanceRoute(id: $0, service: service, version: 1, address: .tcp(host: "127.0.0.1", port: 1))
    }
    var snapshot = RoutingSnapshot()
    for index in 0..<count {
        let epoch = Epoch(term: 1, counter: UInt32(index + 1))
        snapshot.activate(
            ActivationRoute(resource: resource(index), epoch: epoch, instance: routes[index % routes.count]))
    }
    return snapshot
}

let bytes =
    switch CommandLine.arguments.dropFirst().first {
    case "directory": measure(directory)
    case "routes": measure(routes)
    case "dictionary":
        measure { Dictionary(uniqueKeysWithValues: (0..<count).map { ("\(resource($0))", $0) }) }
    default: exit(2)
    }
print("{\"resources\": \(count), \"bytes\": \(bytes)}")
