import LeverClient
import LeverCore
import LeverService

struct Note: Codable, Sendable {
    var id: Int
    var text: String
}

/// What everybody may call. It keeps nothing, so any instance can answer any call.
@main struct Notes: LeverServiceMain {
    static var service: ServiceDefinition {
        get throws {
            // The gateway of the host that this instance belongs to.
            let client = try LeverClient(host: InstanceEnvironment.current.gateway)
            let store = try client.service(
                InstanceEnvironment.current.environment?.rawValue ?? "dev.lever", "notesStore")

            Method("Add") { (user: String, text: String) in
                guard !text.isEmpty else { throw ServiceError(["code": "empty-note"]) }
                return try await store.resource(user).invoke("Add", text, as: Int.self)
            }
            Method("List") { (user: String) in
                try await store.resource(user).invoke("List", as: [Note].self)
            }
            Method("Remove") { (user: String, id: Int) in
                try await store.resource(user).invoke("Remove", id)
            }
        }
    }
}
