public import LeverCore
internal import LeverTransport
internal import NIOPosix
internal import Synchronization

extension LeverClient {
    /// Deploys the service in a directory: packs it, sends it to the host of an environment, and returns once the new version
    /// is live. `.git` and what `.leverignore` names is left out; where the manifest has `files`, only those go. The
    /// manifest's `build` is not run: `lever deploy` does that.
    ///
    /// - Parameters:
    ///   - directory: The directory with the service's `lever.json`.
    ///   - environment: Where it goes.
    ///   - progress: Hears what happens, from any thread.
    /// - Returns: what is live now.
    /// - Throws: `RuntimeError` where the directory cannot be packed, `RemoteError` where the host refuses the package or
    ///   the version does not start (the old version stays live), `RPCError` where the host cannot be reached,
    ///   `CancellationError`.
    public func deploy(
        _ directory: String, to environment: EnvironmentName,
        progress: @escaping @Sendable (DeploymentEvent) -> Void = { _ in }
    ) async throws -> Deployment {
        let (manifest, directory) = try await blocking {
            let manifest = try ServiceDirectory.manifest(in: directory)
            return (manifest, try ServiceDirectory(directory, files: manifest.files))
        }
        let name = manifest.name
        let upload = Upload(client: self, directory: directory, environment: environment, progress: progress)
        do {
            return try await upload.overDeployChannel(name)
        } catch let error as RPCError where error.saysNoSuchMethod {
            // A host of the old system, which says nothing but success or failure.
            return try await upload.overDeployServiceChannel(name)
        }
    }
}

/// Runs what blocks on a thread for such things.
private func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}

extension RPCError {
    /// Old services have no status of their own for it.
    fileprivate var saysNoSuchMethod: Bool {
        code == .unimplemented || (code == .unknown && message.lowercased().contains("method not found"))
    }
}

/// One directory on its way to a host.
private struct Upload: Sendable {
    let client: LeverClient
    let directory: ServiceDirectory
    let environment: EnvironmentName
    let progress: @Sendable (DeploymentEvent) -> Void

    /// Over the channel that says what happens.
    func overDeployChannel(_ name: ServiceName) async throws -> Deployment {
        try await exchange(over: "DeployChan") { channel, _ in
            var deployment: Deployment?
            while let message = try await channel.receive() {
                guard case .value(let value) = message else { continue }
                if let warning = value["warning"]?.stringValue { progress(.warning(warning)) }
                guard let phase = value["phase"]?.stringValue else { continue }
                if phase == "live" {
                    let live = try value["service"]?.stringValue.map { try ServiceName($0) }
                    deployment = Deployment(
                        environment: environment, service: live ?? name, version: value["version"]?.intValue)
                } else {
                    progress(.phase(phase, message: value["message"]?.stringValue))
                }
            }
            guard let deployment else {
                throw RPCError(.defect, "the host ended the deployment without saying that the version is live")
            }
            return deployment
        }
    }

    /// Over the channel that ends with success, or with an error.
    func overDeployServiceChannel(_ name: ServiceName) async throws -> Deployment {
        try await exchange(over: "DeployServiceChan") { channel, transportsChannel in
            while try await channel.receive() != nil {}
            let metadata = await (transportsChannel as? any ReplyMetadataChannel)?.replyMetadata ?? []
            let version = metadata.first { $0.name == RPCHeader.version }.flatMap { Int($0.value) }
            return Deployment(environment: environment, service: name, version: version)
        }
    }

    /// Sends the package over a channel while `receive` listens to what the host says.
    private func exchange(
        over method: String, _ receive: (LeverChannel, any RPCChannel) async throws -> Deployment
    ) async throws -> Deployment {
        let url = LeverURL(environment: .admin, service: .admin, method: try MethodName(method))
        let package = try ServicePackage(directory)
        let opened = try await client.open(url, .values([.string(environment.rawValue)]), atHostOf: environment)
        let channel = LeverChannel(opened, url: url, isCallers: true)
        let failure = LocalFailure()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await send(package, over: channel)
                } catch let error as RuntimeError {
                    // The host waits for the rest; giving up ends its part, and the listening below.
                    failure.error.withLock { $0 = error }
                    channel.cancel()
                }
            }
            do {
                let deployment = try await receive(channel, opened)
                group.cancelAll()
                return deployment
            } catch {
                group.cancelAll()
                channel.cancel()
                throw failure.error.withLock { $0 } ?? error
            }
        }
    }

    /// What went wrong on this side.
    private final class LocalFailure: Sendable {
        let error = Mutex<RuntimeError?>(nil)
    }

    private func send(_ package: ServicePackage, over channel: LeverChannel) async throws {
        let size = max(1, directory.size)
        var sent = 0
        while let chunk = try await blocking({ try package.next() }) {
            try await channel.send(bytes: chunk.bytes)
            sent += chunk.bytes.count
            progress(.uploading(sent: sent, fraction: Double(chunk.packed) / Double(size)))
        }
        progress(.uploaded(bytes: sent))
        try await channel.finish()
    }
}
