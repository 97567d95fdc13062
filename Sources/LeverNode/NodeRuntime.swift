/// The Node runtime, which runs services whose manifest has a `jsEntry`, and the JavaScript client package `leveros`.
///
/// Both are part of the binary: ``install(into:)`` writes them out, ``command(entry:ram:runtimeDirectory:node:)`` is the
/// command that runs a service with them, and ``clientTarball()`` is what `npm install http://…` takes.
public enum NodeRuntime {
    /// One embedded file.
    public struct File: Sendable {
        /// Its path below the directory that it is written to, for example `runtime/serve.js`.
        public let path: String
        /// Its contents.
        public let contents: [UInt8]
    }

    /// Every embedded file. The runtime uses the codec of the client package, so that each needs the others' place.
    public static let files: [File] = [
        File(path: "runtime/serve.js", contents: PackageResources.serve_js),
        File(path: "runtime/instance.js", contents: PackageResources.instance_js),
        File(path: "runtime/listener.js", contents: PackageResources.listener_js),
        File(path: "runtime/loader.js", contents: PackageResources.loader_js),
        File(path: "runtime/methods.js", contents: PackageResources.methods_js),
        File(path: "runtime/names.js", contents: PackageResources.names_js),
        File(path: "runtime/resources.js", contents: PackageResources.resources_js),
        File(path: "leveros/package.json", contents: PackageResources.package_json),
        File(path: "leveros/README.md", contents: PackageResources.README_md),
        File(path: "leveros/index.js", contents: PackageResources.index_js),
        File(path: "leveros/index.d.ts", contents: PackageResources.index_d_ts),
        File(path: "leveros/lib/channel.js", contents: PackageResources.channel_js),
        File(path: "leveros/lib/client.js", contents: PackageResources.client_js),
        File(path: "leveros/lib/connection.js", contents: PackageResources.connection_js),
        File(path: "leveros/lib/context.js", contents: PackageResources.context_js),
        File(path: "leveros/lib/decoder.js", contents: PackageResources.decoder_js),
        File(path: "leveros/lib/encoder.js", contents: PackageResources.encoder_js),
        File(path: "leveros/lib/errors.js", contents: PackageResources.errors_js),
        File(path: "leveros/lib/framing.js", contents: PackageResources.framing_js),
        File(path: "leveros/lib/url.js", contents: PackageResources.url_js),
    ]

    /// The command that runs a service, with its arguments; the working directory must be the service's code.
    ///
    /// Where it listens is told by `LEVEROS_LISTEN` in its environment (`unix:<path>` or `host:port`).
    ///
    /// - Parameters:
    ///   - entry: the manifest's `jsEntry`, relative to the code.
    ///   - ram: the manifest's `ram`: the memory in MB (10^6 bytes) that the instance may use.
    ///   - runtimeDirectory: where ``install(into:)`` wrote the files.
    ///   - node: the Node program, found through PATH where it is only a name.
    public static func command(
        entry: String, ram: Int, runtimeDirectory: String, node: String = "node"
    ) -> [String] {
        [node] + memoryFlags(ram: ram) + ["\(runtimeDirectory)/runtime/serve.js", entry]
    }

    /// The flags by which Node keeps its heap within a memory limit in MB.
    ///
    /// About 40 MB of a Node process are not its heap. A small young generation costs some speed and saves the most
    /// memory, so only instances with little memory get one; V8's own default is 16 MB for each of its three halves.
    public static func memoryFlags(ram: Int) -> [String] {
        let old = max(24, min(ram / 4 * 3, ram - 40))
        let young = ram < 128 ? 1 : ram < 256 ? 4 : 16
        return ["--max-semi-space-size=\(young)", "--max-old-space-size=\(old)"]
    }

    /// The file name under which the client package is usually served.
    public static let clientTarballName = "leveros.tgz"

    /// The client package as `npm` takes it: a gzip-compressed tar with everything under `package/`. The same bytes every
    /// time; the compression stores.
    public static func clientTarball() -> [UInt8] {
        var archive = TarArchive()
        for file in files {
            guard let slash = file.path.firstIndex(of: "/"), file.path[..<slash] == "leveros" else { continue }
            archive.append(path: "package" + file.path[slash...], contents: file.contents)
        }
        return Gzip.stored(archive.finished())
    }

    /// Tells the embedded files of one build from those of another: 16 hexadecimal digits.
    public static let digest: String = {
        // FNV-1a: it tells builds apart, it protects against nothing.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for file in files {
            file.path.utf8.forEach(add)
            add(0)
            file.contents.forEach(add)
            add(0)
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }()
}
