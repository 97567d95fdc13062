/// The reference of an image as the engine wants it: `node`, `node:22`, `registry.example.com:5000/team/node@sha256:…`.
struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// All before the tag.
    let name: String
    /// The tag or the digest; `latest` where none is given, since engines take no tag for all of them.
    let tag: String

    init(_ text: String) {
        if let at = text.lastIndex(of: "@") {
            name = String(text[..<at])
            tag = String(text[text.index(after: at)...])
            return
        }
        // A colon before the last slash belongs to a registry's port.
        let start = text.lastIndex(of: "/") ?? text.startIndex
        if let colon = text[start...].lastIndex(of: ":") {
            name = String(text[..<colon])
            tag = String(text[text.index(after: colon)...])
        } else {
            name = text
            tag = "latest"
        }
    }

    var description: String { tag.contains(":") ? "\(name)@\(tag)" : "\(name):\(tag)" }
}
