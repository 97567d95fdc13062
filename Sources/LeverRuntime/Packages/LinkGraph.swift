/// The symbolic links of a tree that is being unpacked, and where they lead.
///
/// Looking at each target alone would not do: with `a/l -> ..`, which stays inside, `a/l/../x` leads outside though its dots seem to
/// balance. So a target is followed as the kernel would, through all links of the tree.
struct LinkGraph {
    /// As many links as Linux follows in one path.
    private static let followLimit = 40

    /// The parts of names that all links of one tree together may be followed through: hostile ones are long and combine.
    private static let stepLimit = 1_000_000

    private var targets: [[UInt8]: String] = [:]
    private var steps = 0

    mutating func add(_ path: [UInt8], target: String) {
        targets[path] = target
    }

    /// All links with their targets.
    var links: some Sequence<(key: [UInt8], value: String)> { targets }

    /// What is wrong with a link, as the end of a sentence; `nil` where it stays inside.
    mutating func problem(at path: [UInt8]) -> String? {
        var place: [ArraySlice<UInt8>] = []
        // What has yet to be followed, last first.
        var rest = Array(path.split(separator: UInt8(ascii: "/")).reversed())
        var followed = 0
        while let part = rest.popLast() {
            steps += 1
            guard steps <= Self.stepLimit else { return "is one of too many links" }
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                guard place.popLast() != nil else { return "leads out of the package" }
                continue
            }
            place.append(part)
            guard let target = targets[Array(place.joined(separator: [UInt8(ascii: "/")]))] else { continue }
            followed += 1
            guard followed <= Self.followLimit else { return "leads in a circle, or through too many links" }
            guard !target.hasPrefix("/") else { return "leads out of the package" }
            place.removeLast()
            rest += Array(target.utf8).split(separator: UInt8(ascii: "/")).reversed()
        }
        return nil
    }
}
