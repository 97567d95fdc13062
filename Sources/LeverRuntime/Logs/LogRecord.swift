package import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A line of an instance as the files keep it.
///
/// On the disk it is a line of text, so that `grep` and `less` do: `2026-11-28T15:20:44.123456Z hello-3-1 17 listening`, the time
/// in UTC, the instance, the number of the line, and the rest as it was written. A number that is missing is a line that was
/// dropped.
package struct LogRecord: Sendable, Hashable {
    /// The instance.
    package var instance: InstanceID
    /// Counts an instance's lines from 1.
    package var number: Int
    /// When the line was complete, in seconds since 1970.
    package var time: Double
    /// The line without its end.
    package var bytes: ArraySlice<UInt8>
    /// Whether this run of the host wrote it. An instance that an earlier run had started as well was counted anew.
    package var isOfThisRun = true

    /// The line as text, repaired where it is not UTF-8.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    private static let space = UInt8(ascii: " ")

    /// Appends the record to what is to be written.
    func write(to buffer: inout [UInt8]) {
        LogTime.write(time, to: &buffer)
        buffer.append(Self.space)
        buffer.append(contentsOf: instance.rawValue.utf8)
        buffer.append(Self.space)
        buffer.append(contentsOf: String(number).utf8)
        buffer.append(Self.space)
        buffer.append(contentsOf: bytes)
        buffer.append(0x0A)
    }

    /// Reads a line of a file, without its end; `nil` where it is none of ours.
    init?(line: ArraySlice<UInt8>) {
        guard let time = LogTime.read(line.prefix(LogTime.length)) else { return nil }
        let parts = line.dropFirst(LogTime.length).split(
            separator: Self.space, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, !parts[1].isEmpty,
            let number = Int(String(decoding: parts[2], as: UTF8.self)), number > 0
        else { return nil }
        self.init(
            instance: InstanceID(String(decoding: parts[1], as: UTF8.self)), number: number, time: time,
            bytes: parts[3])
    }

    init(instance: InstanceID, number: Int, time: Double, bytes: ArraySlice<UInt8>) {
        self.instance = instance
        self.number = number
        self.time = time
        self.bytes = bytes
    }

    /// The records in a file's bytes, oldest first; lines that are none of ours are passed over, and one without an end, which a
    /// crash left.
    static func all(in file: [UInt8]) -> [LogRecord] {
        var records: [LogRecord] = []
        var start = 0
        while start < file.count {
            let end = file.withUnsafeBytes { bytes in
                memchr(bytes.baseAddress! + start, 0x0A, bytes.count - start).map {
                    UnsafeRawPointer($0) - bytes.baseAddress!
                }
            }
            guard let end else { break }
            if let record = LogRecord(line: file[start..<end]) { records.append(record) }
            start = end + 1
        }
        return records
    }
}
