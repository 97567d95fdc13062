import AsyncHTTPClient
import LeverCore
import NIOHTTP1

// Images and networks.
extension Engine {
    /// Whether an image is there.
    func hasImage(_ reference: String) async throws -> Bool {
        do {
            try await ask(.GET, "/images/\(reference)/json")
            return true
        } catch let error as EngineError where error.isNotFound {
            return false
        }
    }

    /// Gets an image from its registry.
    ///
    /// - Parameter progress: Takes what the engine says on the way.
    /// - Throws: ``EngineError`` with the engine's own message.
    func pull(_ reference: ImageReference, progress: (LeverValue) -> Void) async throws {
        let body = try await stream(
            .POST, "/images/create", [("fromImage", reference.name), ("tag", reference.tag)])
        var lines = JSONLines()
        do {
            for try await bytes in body {
                for line in try lines.take(bytes) {
                    if let message = line["error"]?.stringValue { throw EngineError(status: 200, message: message) }
                    progress(line)
                }
            }
        } catch {
            throw Self.failure(error, address)
        }
    }

    /// Removes an image unless a container uses it; whether it was removed.
    func removeImage(_ reference: String) async throws -> Bool {
        do {
            try await ask(.DELETE, "/images/\(reference)")
            return true
        } catch let error as EngineError where error.isConflict || error.isNotFound {
            return false
        }
    }

    /// Makes a network; one of that name that is there already is left as it is.
    func createNetwork(_ body: LeverValue) async throws {
        do {
            try await ask(.POST, "/networks/create", body: body)
        } catch let error as EngineError where error.isConflict {}
    }

    /// What is known of a network; `nil` where there is none.
    func inspectNetwork(_ name: String) async throws -> NetworkFacts? {
        do {
            let facts = try await ask(.GET, "/networks/\(name)")
            return NetworkFacts(facts, bridge: try await bridge(of: name, facts))
        } catch let error as EngineError where error.isNotFound {
            return nil
        }
    }

    /// The name of a network's bridge as a device. Podman gives it the name that it is asked for, and tells it in its own API
    /// alone: what is to be isolated must not be guessed.
    private func bridge(of name: String, _ facts: LeverValue) async throws -> String? {
        if let bridge = facts["Options"]?["com.docker.network.bridge.name"]?.stringValue { return bridge }
        return try await unversioned.ask(.GET, "/v4.0.0/libpod/networks/\(name)/json")["network_interface"]?.stringValue
    }

    /// The names of the networks that have a label.
    func networks(labelled label: String) async throws -> [String] {
        let filters: LeverValue = ["label": [.string(label)]]
        let answer = try await ask(.GET, "/networks", [("filters", filters.json())])
        return answer.arrayValue?.compactMap { $0["Name"]?.stringValue } ?? []
    }

    /// Removes a network unless a container is in it; whether it was removed.
    func removeNetwork(_ name: String) async throws -> Bool {
        do {
            try await ask(.DELETE, "/networks/\(name)")
            return true
        } catch let error as EngineError where error.status == 403 || error.isConflict || error.isNotFound {
            return false
        }
    }
}

/// What an engine says of a network.
struct NetworkFacts: Sendable {
    /// The address of the network's bridge, which is the host's own in it.
    let gateway: String
    /// The name of the bridge as a device.
    let bridge: String

    init?(_ json: LeverValue, bridge: String?) {
        guard let gateway = json["IPAM"]?["Config"]?[0]?["Gateway"]?.stringValue, let bridge else { return nil }
        // Some engines say it with the length of the prefix.
        self.gateway = String(gateway.prefix { $0 != "/" })
        self.bridge = bridge
    }
}
