import LeverCore
import LeverNode
import LeverRouter
import LeverTransport
import Logging
import NIOCore
import NIOPosix

// The parts that a host is made of.
extension LeverHost {
    /// SQLite where there is a directory that stays, memory where there is none.
    func catalog(_ data: DataDirectory) throws -> any Catalog {
        try data.catalogPath.map { try SQLiteCatalog(path: $0) } ?? InMemoryCatalog()
    }

    func processDriver(_ data: DataDirectory) throws -> ProcessDriver {
        var process = configuration.process
        process.dataDirectory = process.dataDirectory ?? data.path
        if process.javaScriptRuntime == nil {
            let directory = "\(data.path)/runtime"
            try NodeRuntime.install(into: directory)
            process.javaScriptRuntime = EmbeddedNode(directory: directory)
        }
        return try ProcessDriver(configuration: process, logger: logger)
    }

    /// The files with what instances write; `nil` where none are to be kept.
    func logs(_ data: DataDirectory, _ catalog: any Catalog) async throws -> InstanceLogs? {
        guard configuration.logs.bytesPerService > 0 else {
            for name in try FileSystem.names(in: data.logs) { try FileSystem.removeTree("\(data.logs)/\(name)") }
            return nil
        }
        return try await InstanceLogs(
            data, services: try await catalog.services().map(\.id), bounds: configuration.logs, logger: logger)
    }

    /// Logs what an earlier run had left half done.
    func report(_ sweep: PackageStore.SweepReport) {
        for (service, versions) in sweep.removedVersions {
            logger.notice(
                "versions whose deployment was cut off are removed",
                metadata: ["lever.service": "\(service)", "lever.versions": "\(versions)"])
        }
        for (service, versions) in sweep.restoredVersions {
            logger.notice(
                "code was unpacked again", metadata: ["lever.service": "\(service)", "lever.versions": "\(versions)"])
        }
        for (service, versions) in sweep.lostVersions {
            logger.error("code is lost", metadata: ["lever.service": "\(service)", "lever.versions": "\(versions)"])
        }
    }

    /// Makes known what the catalog knows, and the administration.
    func publish(
        _ catalog: any Catalog, _ packages: PackageStore, _ admin: AdminService, _ router: Router,
        _ supervisor: Supervisor
    ) async throws {
        let environments = try await catalog.environments()
        router.update { snapshot in
            for environment in environments { snapshot.add(environment) }
            snapshot.add(.admin)
            snapshot.set(
                ServiceRoute(id: .admin, isPrivate: false, isLocalOnly: true, target: .inProcess(admin)))
        }
        let services = try await catalog.services()
        supervisor.add(
            services.compactMap { service in
                guard let live = service.versions.first(where: { $0.number == service.liveVersion }) else { return nil }
                let code = packages.codeDirectory(of: live.number, of: service.id)
                return (
                    id: service.id,
                    live: RunnableVersion(
                        number: live.number, manifest: live.manifest, codeDirectory: code,
                        codeDigest: live.packageDigest)
                )
            })
    }

    /// Goes on with the instances of a run that was killed, and ends those that cannot.
    func adopt(_ leftovers: [Leftover], _ supervisor: Supervisor, _ sweep: PackageStore.SweepReport) async throws {
        guard !leftovers.isEmpty else { return }
        let adoption = try await supervisor.adopt(leftovers) { leftover in
            // What was unpacked again is in another folder than the one that the instance has.
            sweep.restoredVersions[leftover.service]?.contains(leftover.version) != true
        }
        logger.notice(
            "instances of an earlier run were adopted, or ended",
            metadata: ["lever.adopted": "\(adoption.adopted)", "lever.ended": "\(adoption.ended)"])
    }

    /// Listens for calls from outside.
    func listen(_ router: Router, _ threads: MultiThreadedEventLoopGroup) async throws -> Listener {
        guard let address = TransportAddress(configuration.listen) else {
            throw RuntimeError(.invalidConfiguration, "\"\(configuration.listen)\" is no address to listen on")
        }
        let front: Listener
        do {
            front = try await Listener.start(
                on: address, group: threads,
                acceptor: FrontAcceptor(gateway: gateway(router)) { stream, head, endStream, peer in
                    router.onLoop(stream.connection.eventLoop).accept(
                        stream, head: head, endStream: endStream,
                        from: Caller(environment: nil, isLocal: peer.isTrusted))
                },
                configuration: configuration.listener(budget), logger: logger)
        } catch let error as RuntimeError where error.code == .bindFailed {
            throw RuntimeError(
                .bindFailed,
                "\(error.message): another leveroshost, or another program, may hold it; --listen takes another address",
                cause: error.cause)
        }
        logger.info("host listens", metadata: ["lever.address": "\(front.localAddress)"])
        if case .tcp(let host, _) = address, !Peer.isLoopback(host), host != "localhost" {
            var metadata: Logger.Metadata = ["lever.address": "\(front.localAddress)"]
            if !configuration.adminPeers.isEmpty {
                metadata["lever.admin_peers"] = "\(configuration.adminPeers.joined(separator: " "))"
            }
            logger.notice(
                configuration.adminPeers.isEmpty
                    ? "the administration answers only callers on this machine, though the host listens elsewhere, too"
                    : "the administration answers callers on this machine and the peers that it was told",
                metadata: metadata)
        }
        return front
    }

    private func gateway(_ router: Router) -> HTTPGateway {
        var bounds = HTTPGatewayConfiguration()
        bounds.maximumBody = configuration.front.maximumBodySize
        bounds.maximumLine = configuration.front.maximumBodySize
        bounds.bodyTimeout = configuration.front.requestTimeout
        bounds.adminHosts = Set(configuration.trustedHosts.map { $0.lowercased() })
        let client = StaticResource(
            contentType: "application/gzip", body: ByteBuffer(bytes: NodeRuntime.clientTarball()))
        return HTTPGateway(
            configuration: bounds,
            transport: { peer, eventLoop in
                RouterTransport(router.onLoop(eventLoop), caller: Caller(environment: nil, isLocal: peer.isTrusted))
            },
            isReady: { [start] in start.isReady },
            resource: { $0 == "/\(NodeRuntime.clientTarballName)" ? client : nil }, logger: logger)
    }
}
