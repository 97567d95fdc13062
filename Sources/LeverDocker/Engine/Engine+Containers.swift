import AsyncHTTPClient
import LeverCore
import NIOHTTP1

// Containers.
extension Engine {
    /// Who the engine is, and that it answers.
    ///
    /// - Throws: ``EngineError``, also where it is too old.
    func identify() async throws -> (name: String, api: APIVersion) {
        let answer = try await ask(.GET, "/version")
        let component = answer["Components"]?[0]?["Name"]?.stringValue ?? "container engine"
        let name = component == "Engine" ? "Docker" : component
        let number = answer["Version"]?.stringValue ?? "?"
        guard let newest = answer["ApiVersion"]?.stringValue.flatMap(APIVersion.init), newest >= Self.version else {
            throw EngineError(
                status: 200,
                message: "\(name) \(number) at \(address) is too old: its API should be \(Self.version) or newer "
                    + "(Docker 20.10)")
        }
        let oldest = answer["MinAPIVersion"]?.stringValue.flatMap(APIVersion.init) ?? Self.version
        return ("\(name) \(number)", max(Self.version, oldest))
    }

    /// Makes a container and returns its id.
    func createContainer(named name: String, _ body: LeverValue) async throws -> String {
        let answer = try await ask(.POST, "/containers/create", [("name", name)], body: body)
        guard let id = answer["Id"]?.stringValue else {
            throw EngineError(status: 201, message: "the container engine did not name the container that it made")
        }
        return id
    }

    func startContainer(_ id: String) async throws {
        do { try await ask(.POST, "/containers/\(id)/start") } catch let error as EngineError where error.isConflict {}
    }

    /// Sends a signal; nothing happens where the container does not run.
    func signalContainer(_ id: String, _ signal: String) async throws {
        do {
            try await ask(.POST, "/containers/\(id)/kill", [("signal", signal)])
        } catch let error as EngineError where error.isConflict || error.isNotFound {}
    }

    func pauseContainer(_ id: String) async throws { try await ask(.POST, "/containers/\(id)/pause") }

    func unpauseContainer(_ id: String) async throws { try await ask(.POST, "/containers/\(id)/unpause") }

    /// Ends and removes a container with its volumes; nothing happens where there is none.
    func removeContainer(_ id: String) async throws {
        do {
            try await ask(.DELETE, "/containers/\(id)", [("force", "1"), ("v", "1")])
        } catch let error as EngineError where error.isNotFound || error.isConflict {
            // A conflict says that it is being removed already.
        }
    }

    /// What is known of a container; `nil` where there is none.
    func inspectContainer(_ id: String) async throws -> ContainerFacts? {
        do {
            return ContainerFacts(try await ask(.GET, "/containers/\(id)/json"))
        } catch let error as EngineError where error.isNotFound {
            return nil
        }
    }

    /// All containers, ended ones too, that have a label.
    func containers(labelled label: String) async throws -> [LeftContainer] {
        let filters: LeverValue = ["label": [.string(label)]]
        let answer = try await ask(.GET, "/containers/json", [("all", "1"), ("filters", filters.json())])
        return answer.arrayValue?.compactMap(LeftContainer.init) ?? []
    }

    /// How long the processes of a container have used processors.
    func processorTime(_ id: String) async throws -> Duration? {
        let answer = try await ask(.GET, "/containers/\(id)/stats", [("stream", "0"), ("one-shot", "1")])
        return answer["cpu_stats"]?["cpu_usage"]?["total_usage"]?.numberValue.map { .nanoseconds(Int64($0)) }
    }

    /// What a container writes from now on, in frames (``OutputFrames``), to its end.
    func attach(_ id: String) async throws -> HTTPClientResponse.Body {
        try await stream(.POST, "/containers/\(id)/attach", [("stream", "1"), ("stdout", "1"), ("stderr", "1")])
    }

    /// What a container has written from a time on, in seconds since 1970, and what it writes from now on, in frames, to its end.
    func follow(_ id: String, from time: Double) async throws -> HTTPClientResponse.Body {
        // The engine takes so many digits behind the point, and no exponent.
        let micros = Int64((max(0, time) * 1e6).rounded())
        let fraction = String(1_000_000 + micros % 1_000_000).dropFirst()
        let since = "\(micros / 1_000_000).\(fraction)000"
        return try await stream(
            .GET, "/containers/\(id)/logs",
            [("follow", "1"), ("stdout", "1"), ("stderr", "1"), ("since", since)])
    }

    /// What happens to the containers that have a label, from now on.
    func events(labelled label: String) async throws -> HTTPClientResponse.Body {
        let filters: LeverValue = [
            // Podman says it otherwise.
            "type": ["container"], "label": [.string(label)], "event": ["die", "died", "oom"],
        ]
        return try await stream(.GET, "/events", [("filters", filters.json())])
    }
}

/// What an engine says of a container.
struct ContainerFacts: Sendable {
    let id: String
    let isRunning: Bool
    let isPaused: Bool
    let exitCode: Int
    let ranOutOfMemory: Bool
    /// Why it could not be started.
    let error: String
    /// The container's address in each network that it is in.
    let addresses: [String: String]

    init(_ json: LeverValue) {
        let state = json["State"]
        id = json["Id"]?.stringValue ?? ""
        isRunning = state?["Running"]?.boolValue ?? false
        isPaused = state?["Paused"]?.boolValue ?? false
        exitCode = state?["ExitCode"]?.intValue ?? 0
        ranOutOfMemory = state?["OOMKilled"]?.boolValue ?? false
        error = state?["Error"]?.stringValue ?? ""
        var addresses: [String: String] = [:]
        for (name, network) in json["NetworkSettings"]?["Networks"]?.objectValue ?? [:] {
            if let address = network["IPAddress"]?.stringValue, !address.isEmpty { addresses[name] = address }
        }
        self.addresses = addresses
    }
}
