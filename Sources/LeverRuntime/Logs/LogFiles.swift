import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The files with what instances wrote: for each service a folder, in it numbered files of which the newest is written to, and
/// the oldest is removed where they would be too many.
///
/// ```
/// logs/<environment>/<service>/17.log
/// ```
/// All of this blocks. A file that is written to is opened for each batch: nothing is held open, however many services there are.
final class LogFiles: Sendable {
    /// A file.
    struct Segment: Sendable {
        var number: Int
        var path: String
        var bytes: Int
        /// When it was last written to, in seconds since 1970.
        var written: Double
        var isOfThisRun: Bool
    }

    private struct Folder {
        var path: String
        /// Oldest first.
        var segments: [Segment] = []
        /// Whether the newest of them may be written to.
        var isOpen = false
        var last = 0
        var bytes: Int { segments.reduce(0) { $0 + $1.bytes } }
    }

    private struct State {
        var folders: [ServiceID: Folder] = [:]
        var bytes = 0
    }

    private let directory: DataDirectory
    private let bytesPerService: Int
    private let bytes: Int
    /// The size at which the next file begins.
    private let segmentBytes: Int
    private let state: Mutex<State>

    /// Finds what earlier runs left, and removes what belongs to no service any more.
    ///
    /// - Parameters:
    ///   - directory: where the files are.
    ///   - services: the services that there are.
    ///   - bytesPerService: how much is kept of a service.
    ///   - bytes: how much in all.
    /// - Throws: `RuntimeError` with `RuntimeError.Code.dataDirectory` where a folder cannot be read or removed.
    init(_ directory: DataDirectory, services: [ServiceID], bytesPerService: Int, bytes: Int) throws {
        self.directory = directory
        self.bytesPerService = bytesPerService
        self.bytes = bytes
        segmentBytes = max(1, min(4 << 20, bytesPerService / 8))
        try Self.sweep(directory, services)
        var state = State()
        for service in services {
            let folder = try Self.find(directory.logs(of: service))
            guard !folder.segments.isEmpty else { continue }
            state.folders[service] = folder
            state.bytes += folder.bytes
        }
        self.state = Mutex(state)
        self.state.withLock { state in
            for service in state.folders.keys { trim(service, adding: 0, &state) }
        }
    }

    private static func sweep(_ directory: DataDirectory, _ services: [ServiceID]) throws {
        let known = Set(services.map(directory.logs(of:)))
        for environment in try FileSystem.names(in: directory.logs) {
            let folder = "\(directory.logs)/\(environment)"
            for service in try FileSystem.names(in: folder) where !known.contains("\(folder)/\(service)") {
                try FileSystem.removeTree("\(folder)/\(service)")
            }
            FileSystem.removeIfEmpty(folder)
        }
    }

    private static func find(_ path: String) throws -> Folder {
        var folder = Folder(path: path)
        for name in try FileSystem.names(in: path) {
            let file = "\(path)/\(name)"
            guard name.hasSuffix(".log"), let number = Int(name.dropLast(4)), number > 0,
                let status = FileSystem.status(file)
            else { continue }
            folder.segments.append(
                Segment(
                    number: number, path: file, bytes: status.size, written: status.modified, isOfThisRun: false))
        }
        folder.segments.sort { $0.number < $1.number }
        folder.last = folder.segments.last?.number ?? 0
        return folder
    }

    /// The services of which there are files.
    var services: [ServiceID] { state.withLock { Array($0.folders.keys) } }

    /// Bytes of all files.
    var size: Int { state.withLock { $0.bytes } }

    // MARK: Writing

    /// Writes records, as far as it goes.
    ///
    /// - Parameters:
    ///   - records: the records, oldest first.
    ///   - service: whose they are.
    ///   - isWanted: asked once, when nobody else changes the files; where it says no, nothing is written.
    /// - Returns: how many were written, and why not all were.
    func append(
        _ records: [LogRecord], of service: ServiceID, isWanted: () -> Bool = { true }
    ) -> (written: Int, failure: RuntimeError?) {
        state.withLock { state in
            guard isWanted() else { return (records.count, nil) }
            var written = 0
            do throws(RuntimeError) {
                while written < records.count { written += try appendSome(records[written...], service, &state) }
                return (written, nil)
            } catch {
                return (written, error)
            }
        }
    }

    /// Writes so many records as fit into the newest file, at least one.
    private func appendSome(
        _ records: ArraySlice<LogRecord>, _ service: ServiceID, _ state: inout State
    ) throws(RuntimeError) -> Int {
        var folder = state.folders[service] ?? Folder(path: directory.logs(of: service))
        var room = folder.isOpen ? segmentBytes - (folder.segments.last?.bytes ?? 0) : 0
        var buffer: [UInt8] = []
        var count = 0
        for record in records {
            let before = buffer.count
            record.write(to: &buffer)
            if count == 0, buffer.count > room {
                folder.isOpen = false
                room = max(segmentBytes, buffer.count)
            }
            guard buffer.count <= room else {
                buffer.removeSubrange(before...)
                break
            }
            count += 1
        }
        if !folder.isOpen {
            folder.last += 1
            folder.segments.append(
                Segment(
                    number: folder.last, path: "\(folder.path)/\(folder.last).log", bytes: 0, written: 0,
                    isOfThisRun: true))
            folder.isOpen = true
        }
        state.folders[service] = folder
        trim(service, adding: buffer.count, &state)
        try write(buffer, service, &state)
        return count
    }

    private func write(_ buffer: [UInt8], _ service: ServiceID, _ state: inout State) throws(RuntimeError) {
        guard let folder = state.folders[service], let segment = folder.segments.last else { return }
        do throws(RuntimeError) {
            try FileSystem.append(buffer, to: segment.path, in: folder.path, size: segment.bytes)
        } catch {
            // What may be there of a line is not gone on with.
            let size = FileSystem.status(segment.path)?.size ?? 0
            state.bytes += size - segment.bytes
            state.folders[service]?.isOpen = false
            if size > 0 {
                state.folders[service]?.segments[folder.segments.count - 1].bytes = size
            } else {
                state.folders[service]?.segments.removeLast()
                try? FileSystem.removeFile(segment.path)
            }
            throw error
        }
        state.folders[service]?.segments[folder.segments.count - 1].bytes += buffer.count
        state.folders[service]?.segments[folder.segments.count - 1].written = CatalogRules.secondsSince1970()
        state.bytes += buffer.count
    }

    // MARK: Removing

    /// Removes the oldest files where there would be too much, of the service and in all, but not the newest of the service.
    private func trim(_ service: ServiceID, adding added: Int, _ state: inout State) {
        while let folder = state.folders[service], folder.segments.count > 1, folder.bytes + added > bytesPerService {
            removeOldest(of: service, &state)
        }
        while state.bytes + added > bytes {
            let oldest = state.folders.lazy.filter { $0.key != service || $0.value.segments.count > 1 }.min {
                ($0.value.segments.first?.written ?? 0) < ($1.value.segments.first?.written ?? 0)
            }
            guard let oldest else { return }
            removeOldest(of: oldest.key, &state)
        }
    }

    private func removeOldest(of service: ServiceID, _ state: inout State) {
        guard var folder = state.folders.removeValue(forKey: service), !folder.segments.isEmpty else { return }
        let segment = folder.segments.removeFirst()
        state.bytes -= segment.bytes
        // One that cannot be removed is found again at the next start.
        try? FileSystem.removeFile(segment.path)
        guard !folder.segments.isEmpty else { return FileSystem.removeIfEmptyWithParent(folder.path) }
        state.folders[service] = folder
    }

    /// Removes all files of a service.
    func remove(_ service: ServiceID) throws {
        try state.withLock { state in
            state.bytes -= state.folders.removeValue(forKey: service)?.bytes ?? 0
            let path = directory.logs(of: service)
            try FileSystem.removeTree(path)
            FileSystem.removeIfEmptyWithParent(path)
        }
    }

    // MARK: Reading

    /// The newest records of a service, in the order in which they were written.
    ///
    /// - Parameters:
    ///   - service: the service.
    ///   - instance: only of this instance.
    ///   - since: only from this time on, in seconds since 1970.
    ///   - limit: as soon as there are so many, older files are not looked at.
    func read(_ service: ServiceID, instance: InstanceID?, since: Double, limit: Int) -> [LogRecord] {
        var records: [[LogRecord]] = []
        var count = 0
        for segment in state.withLock({ $0.folders[service]?.segments ?? [] }).reversed() {
            // Nothing was written after what it was last written to.
            guard count < limit, segment.written >= since else { break }
            // One that is gone by now was among the oldest.
            guard let file = FileSystem.contents(of: segment.path, limit: segment.bytes) else { continue }
            var found = LogRecord.all(in: file).filter {
                $0.time >= since && (instance == nil || $0.instance == instance)
            }
            for index in found.indices { found[index].isOfThisRun = segment.isOfThisRun }
            count += found.count
            records.append(found)
        }
        return records.reversed().flatMap { $0 }
    }
}
