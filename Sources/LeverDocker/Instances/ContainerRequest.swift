import LeverCore
import LeverNode

/// What the engine is asked to make for an instance.
struct ContainerRequest {
    /// The part of the environment that an instance's own facts do not decide.
    struct Surroundings: Sendable {
        var configuration: DockerDriver.Configuration
        var owner: String
        var user: String
        /// The folder with the Node runtime, on the host.
        var nodeFolder: String
    }

    let specification: InstanceSpecification
    let surroundings: Surroundings
    /// The folder of the instance's socket, on the host.
    let runFolder: String
    /// The folder of the gateway's socket, on the host.
    let gatewayFolder: String
    /// The name of its network; `nil` for none.
    let network: String?

    /// The image that instances of a manifest run in.
    ///
    /// - Throws: `RuntimeError` where the manifest wants one that it may not choose.
    static func image(
        of manifest: Manifest, _ configuration: DockerDriver.Configuration
    ) throws -> ImageReference {
        if let wanted = manifest.image {
            guard configuration.allowsImages else {
                throw RuntimeError(
                    .driver,
                    "lever.json: \"image\" \"\(wanted)\" is not allowed: this host chooses the images of its instances")
            }
            return ImageReference(wanted)
        }
        switch manifest.entry {
        case .command: return ImageReference(configuration.image)
        case .javaScript: return ImageReference(configuration.nodeImage)
        }
    }

    /// The command and its arguments.
    private var command: [String] {
        switch specification.manifest.entry {
        case .command(let words): words
        case .javaScript(let module):
            NodeRuntime.command(
                entry: module, ram: specification.manifest.ram, runtimeDirectory: ContainerPlaces.node)
        }
    }

    private var environment: [String] {
        let service = specification.service
        var variables = [
            "LEVEROS_INSTANCE_ID=\(specification.id)",
            "LEVEROS_ENVIRONMENT=\(service.environment)",
            "LEVEROS_SERVICE=\(service.service)",
            "LEVEROS_CODE_VERSION=\(specification.version)",
            "LEVEROS_INTERNAL_ENV_SUFFIX=.lever",
            "LEVEROS_LISTEN=unix:\(ContainerPlaces.run)/\(ContainerPlaces.socketName)",
            "LEVEROS_CONFIG=\(specification.manifest.config.json())",
            "HOME=/tmp", "TMPDIR=/tmp",
        ]
        // JavaScript runs in our own runtime, which can do without the network.
        if case .javaScript = specification.manifest.entry {
            variables.append("LEVEROS_INTERNAL_RPC_GATEWAY=\(ContainerPlaces.gatewayAddress)")
        } else if let gateway = specification.internalGateway {
            variables.append("LEVEROS_INTERNAL_RPC_GATEWAY=\(gateway)")
        }
        for (name, value) in surroundings.configuration.environment.sorted(by: { $0.key < $1.key }) {
            variables.append("\(name)=\(value)")
        }
        return variables
    }

    private var labels: LeverValue {
        [
            Labels.owner: .string(surroundings.owner),
            Labels.environment: .string(specification.service.environment.rawValue),
            Labels.service: .string(specification.service.service.rawValue),
            Labels.version: .string("\(specification.version)"),
            Labels.instance: .string(specification.id.rawValue),
            Labels.network: .string(InstanceNetwork(specification.manifest).rawValue),
            Labels.gateway: .string(specification.internalGateway ?? ""),
        ]
    }

    /// Digits that stand for all that the container is made of, its code among it: they differ where anything does.
    func fingerprint(image: ImageReference) -> String {
        let code = specification.codeDigest ?? ""
        return ShortName.digits(of: "\(code) \(body(image: image, labels: labels).json())")
    }

    private var mounts: LeverValue {
        var mounts = [
            Self.mount(specification.codeDirectory, ContainerPlaces.code, isReadOnly: true),
            Self.mount(runFolder, ContainerPlaces.run, isReadOnly: false),
            Self.mount(gatewayFolder, ContainerPlaces.gateway, isReadOnly: true),
        ]
        if case .javaScript = specification.manifest.entry {
            mounts.append(Self.mount(surroundings.nodeFolder, ContainerPlaces.node, isReadOnly: true))
        }
        return .array(mounts)
    }

    private static func mount(_ source: String, _ target: String, isReadOnly: Bool) -> LeverValue {
        [
            "Type": "bind", "Source": .string(source), "Target": .string(target), "ReadOnly": .bool(isReadOnly),
            "BindOptions": ["Propagation": "rprivate"],
        ]
    }

    /// The body of `POST /containers/create`.
    func json(image: ImageReference) -> LeverValue {
        var labels = labels
        labels[Labels.fingerprint] = .string(fingerprint(image: image))
        return body(image: image, labels: labels)
    }

    private func body(image: ImageReference, labels: LeverValue) -> LeverValue {
        let configuration = surroundings.configuration
        let memory = max(specification.manifest.ram * 1_000_000, DockerDriver.Configuration.leastMemory)
        // What is in /tmp counts as the instance's memory: full, it leaves room for the rest.
        let temporary = min(configuration.temporaryBytes, memory / 2)
        var limits: LeverValue = [
            "NetworkMode": .string(network ?? "none"), "Mounts": mounts, "ReadonlyRootfs": true, "Init": true,
            "Privileged": false, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"],
            "PidsLimit": .number(Double(configuration.processes)), "Memory": .number(Double(memory)),
            "MemorySwap": .number(Double(memory)),
            "Tmpfs": ["/tmp": .string("rw,exec,nosuid,nodev,size=\(temporary),mode=1777")],
            "LogConfig": [
                "Type": "json-file",
                "Config": ["max-size": .string("\(configuration.logBytes)"), "max-file": "1"],
            ],
            "RestartPolicy": ["Name": "no"], "IpcMode": "private",
        ]
        if let cpus = specification.manifest.cpus ?? configuration.cpus {
            limits["NanoCpus"] = .number((cpus * 1e9).rounded())
        }
        return [
            "Image": .string("\(image)"), "Entrypoint": .array(command.map { .string($0) }), "Cmd": [],
            "Env": .array(environment.map { .string($0) }), "WorkingDir": .string(ContainerPlaces.code),
            "User": .string(surroundings.user), "Labels": labels, "Tty": false, "OpenStdin": false,
            "Healthcheck": ["Test": ["NONE"]], "StopSignal": "SIGTERM", "HostConfig": limits,
        ]
    }
}
