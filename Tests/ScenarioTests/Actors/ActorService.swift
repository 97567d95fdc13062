import ActorPeerInterface
import Foundation
import LeverActors
import LeverClient
import LeverCore
import Testing

/// The service of `ActorPeer`, deployed to a host, and its journal.
struct ActorService: Sendable {
    let witness: Witness
    private let folder: ServiceFolder

    init() throws {
        folder = try ServiceFolder()
        witness = try Witness(in: folder)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/store", withIntermediateDirectories: true)
    }

    /// What an actor has stored.
    func stored(_ name: String) throws -> Int {
        let text = try String(contentsOfFile: "\(folder.path)/store/\(name)", encoding: .utf8)
        return try #require(text.split(separator: " ").last.flatMap { Int($0) })
    }

    /// Deploys a version; the program is the built one, where it lies.
    func deploy(to host: EmbeddedHost, _ version: Int, instances: Int = 1) async throws {
        let manifest: LeverValue = [
            "name": "witness", "entry": [.string(Command.products.appendingPathComponent("ActorPeer").path)],
            "minInstances": .number(Double(instances)), "ram": 200,
            "config": [
                "log": .string(witness.log ?? "/dev/null"), "store": .string("\(folder.path)/store"),
                "version": .string("\(version)"),
            ],
        ]
        let code = try ServiceFolder(["lever.json": manifest.json()])
        let live = try await host.client.deploy(code.path, to: .default)
        #expect(live.version == version)
    }
}

extension EmbeddedHost {
    /// An actor, called from within the host or over the network by the stub of its protocol.
    func actor(_ name: String) throws -> $WitnessActor {
        let system = try LeverActorSystem(client: Bool.random() ? client : network, service: "witness")
        return try $WitnessActor.resolve(id: .init(name), using: system)
    }
}
