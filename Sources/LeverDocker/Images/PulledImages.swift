import LeverCore
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The images that the hosts of a data directory have pulled: only those may be removed again. One reference on each line of a
/// small file, which is replaced as a whole.
final class PulledImages: Sendable {
    private let path: String?
    private let images: Mutex<Set<ImageReference>>

    /// - Parameter path: The file; `nil` to remember them as long as this lives.
    init(path: String?) {
        self.path = path
        images = Mutex(Set(path.map(Self.read) ?? []))
    }

    var all: [ImageReference] {
        images.withLock { $0.sorted { $0.description < $1.description } }
    }

    func add(_ image: ImageReference) { change { $0.insert(image) } }

    func remove(_ image: ImageReference) { change { $0.remove(image) } }

    private func change(_ body: (inout Set<ImageReference>) -> Void) {
        images.withLock { images in
            body(&images)
            guard let path else { return }
            // Where it cannot be written, an image stays that might have been removed: no harm.
            let aside = "\(path).new"
            guard let file = fopen(aside, "w") else { return }
            for image in images { fputs("\(image)\n", file) }
            if fclose(file) == 0 { rename(aside, path) }
        }
    }

    private static func read(_ path: String) -> [ImageReference] {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var images: [ImageReference] = []
        var line = [CChar](repeating: 0, count: 1024)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = line.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
            if let word = text.split(whereSeparator: \.isWhitespace).first {
                images.append(ImageReference(String(word)))
            }
        }
        return images
    }
}
