import ActorPeerInterface
import Distributed
import Foundation
import LeverActors
import LeverCore

/// An actor that writes down what it does.
distributed actor Witness: VirtualActor, WitnessActor {
    private let journal: Journal
    private var epoch: UInt64 = 0
    private var sum = 0

    init(_ journal: Journal, actorSystem: LeverActorSystem) {
        self.journal = journal
        self.actorSystem = actorSystem
    }

    func activated(epoch: UInt64) async throws {
        if id.resource.hasPrefix("refused") { throw PeerError.refused(reason: "no such room") }
        self.epoch = epoch
        let stored = journal.load(id.resource)
        guard stored.epoch < epoch else { throw PeerError.fenced(by: stored.epoch) }
        sum = stored.sum
        try journal.save(id.resource, epoch: epoch, sum: sum)
        try journal.note("new", id.resource, epoch: epoch)
    }

    func deactivating() async {
        try? journal.note("close", id.resource, epoch: epoch)
    }

    distributed func touch(_ milliseconds: Int) async throws -> Touch {
        guard CallContext.current?.epoch == epoch else {
            throw PeerError.refused(reason: "the call has the epoch \(CallContext.current?.epoch ?? 0)")
        }
        try journal.note("begin", id.resource, epoch: epoch)
        if milliseconds > 0 { try? await Task.sleep(for: .milliseconds(milliseconds)) }
        try journal.note("end", id.resource, epoch: epoch)
        return Touch(instance: journal.instance, epoch: epoch)
    }

    distributed func again(_ milliseconds: Int) async throws -> Touch {
        try await Task.sleep(for: .milliseconds(milliseconds))
        return try await Witness.resolve(id: id, using: actorSystem).touch(milliseconds)
    }

    distributed func visit(_ others: [String], for milliseconds: Int) async throws -> [Touch] {
        var touches: [Touch] = []
        for other in others {
            touches.append(try await Witness.resolve(id: .init(other), using: actorSystem).touch(milliseconds))
        }
        return touches
    }

    distributed func bounce(off other: String) async throws -> [Touch] {
        let other = try Witness.resolve(id: .init(other), using: actorSystem)
        return [try await touch(0)] + (try await other.visit([id.resource], for: 0)) + [try await other.touch(0)]
    }

    distributed func refuse(_ reason: String) async throws {
        throw PeerError.refused(reason: reason)
    }

    distributed func add(_ number: Int) async throws -> Int {
        let stored = journal.load(id.resource)
        guard stored.epoch == epoch else { throw PeerError.fenced(by: stored.epoch) }
        sum += number
        try journal.save(id.resource, epoch: epoch, sum: sum)
        return sum
    }

    distributed func pid() -> Int32 { getpid() }
}
