// What one active resource costs a host in memory: the entry of the directory that decides, and the entry of the table that
// the data path reads. Beside them, for scale, a plain dictionary from the same names to numbers. Prints one line of JSON with
// bytes for each resource, as the allocator counts them.
//
// usage: benchmark-resources [<resources>]

import HashTreeCollections
import LeverCore
import LeverRouter
import LeverTransport

#if canImport(Glibc)
import Glibc

/// Bytes that the allocator has handed out.
func allocatedBytes() -> Int {
    let information = mallinfo2()
    return Int(information.uordblks) + Int(information.hblkhd)
}
#else
import Darwin

func allocatedBytes() -> Int {
    var statistics = malloc_statistics_t()
    malloc_zone_statistics(nil, &statistics)
    return statistics.size_in_use
}
#endif

let count = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100_000
let service = ServiceID(environment: .default, service: try ServiceName("hello"))
let instances = (0..<10).map { InstanceID("benchmark-\($0)") }

func resource(_ index: Int) -> ResourceID { ResourceID("customer/\(1_000_000 + index)/cart") }

/// What something takes for each resource.
func measure<Value>(_ make: () throws -> Value) rethrows -> Double {
    let before = allocatedBytes()
    let value = try make()
    return withExtendedLifetime(value) { Double(allocatedBytes() - before) / Double(count) }
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

let directoryBytes = measure(directory)
let dictionaryBytes = measure {
    Dictionary(uniqueKeysWithValues: (0..<count).map { ("\(resource($0))", $0) })
}
print("{\"resources\": \(count), \"directory\": \(directoryBytes), \"dictionary\": \(dictionaryBytes)}")
