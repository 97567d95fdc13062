import LeverCore
import LeverTesting
import Synchronization
import Testing

@Suite struct HelperTests {
    @Test func eventuallyWaitsForWhatComesLaterAndGivesUpOtherwise() async throws {
        let asked = Mutex(0)
        let came = try await eventually {
            asked.withLock { count in
                count += 1
                return count == 5
            }
        }
        #expect(came)
        #expect(asked.withLock { $0 } == 5)
        let never = try await eventually(within: .milliseconds(20)) { false }
        #expect(!never)
        await #expect(throws: TestFailure.self) { _ = try await eventually { throw TestFailure("it is broken") } }
    }

    @Test func expectedErrorsAreGivenAndOthersAreNamed() async throws {
        let error = try await expectRPCError(.notFound) { throw RPCError(.noService, "there is no \"x\"") }
        #expect(error.message == "there is no \"x\"")
        try await expectRPCError(reason: .noService) { throw RPCError(.noService, "none") }
        let other = await #expect(throws: TestFailure.self) {
            try await expectRPCError(.notFound) { throw RPCError(.conflict, "it exists") }
        }
        #expect(other?.description.contains("it exists") == true)
        let foreign = await #expect(throws: TestFailure.self) {
            try await expectRPCError(reason: .deadline) { throw CancellationError() }
        }
        #expect(foreign?.description.contains("CancellationError") == true)
        let none = await #expect(throws: TestFailure.self) { try await expectRPCError(.notFound) { 7 } }
        #expect(none?.description.contains("nothing was thrown") == true)
    }
}

/// The witness sees each way in which the guarantee of one activation can break.
@Suite struct WitnessTests {
    private let service: ServiceID
    private let room = ResourceID("lobby")
    private let a = InstanceID("a")
    private let b = InstanceID("b")
    private let epochs = (1...3 as ClosedRange<UInt32>).map { Epoch(term: 1, counter: $0) }
    private let witness = ActivationWitness()

    init() throws {
        service = try ServiceID("dev.lever/chat")
    }

    @Test func whatIsInOrderIsNoViolation() throws {
        witness.taken(room, of: service, by: a, epoch: epochs[0])
        witness.acts(true, room, of: service, on: a, epoch: epochs[0])
        witness.acts(false, room, of: service, on: a, epoch: epochs[0])
        witness.released(room, of: service, by: a, epoch: epochs[0])
        witness.taken(room, of: service, by: b, epoch: epochs[1])
        witness.died(b)
        witness.taken(room, of: service, by: a, epoch: epochs[2])
        try witness.check()
        #expect(witness.epochs(of: room, in: service) == epochs)
    }

    @Test func twoAtOnceAreSeen() throws {
        witness.taken(room, of: service, by: a, epoch: epochs[0])
        witness.taken(room, of: service, by: b, epoch: epochs[1])
        #expect(witness.violations.count == 1)
        #expect(witness.violations[0].contains("while a held it"))
        #expect(throws: TestFailure.self) { try witness.check() }
    }

    @Test func epochsThatDoNotRiseAreSeen() {
        witness.taken(room, of: service, by: a, epoch: epochs[1])
        witness.released(room, of: service, by: a, epoch: epochs[1])
        witness.taken(room, of: service, by: b, epoch: epochs[1])
        #expect(witness.violations.count == 1)
    }

    @Test func handlersOfOthersAreSeen() {
        witness.taken(room, of: service, by: a, epoch: epochs[0])
        witness.acts(true, room, of: service, on: b, epoch: epochs[0])
        #expect(witness.violations.count == 1)
        witness.acts(true, room, of: service, on: a, epoch: epochs[0])
        witness.released(room, of: service, by: a, epoch: epochs[0])
        #expect(witness.violations.count == 2)
        // The dead do nothing, whatever is noted of them.
        witness.died(b)
        witness.acts(true, room, of: service, on: b, epoch: epochs[0])
        #expect(witness.violations.count == 2)
    }

    @Test func aHostWhoseServiceBreaksTheGuaranteeFailsItsTest() async throws {
        let failure = await #expect(throws: TestFailure.self) {
            try await withTestHost { host in
                // What an instance of a service that runs elsewhere would note.
                host.witness.taken(room, of: service, by: a, epoch: epochs[0])
                host.witness.taken(room, of: service, by: b, epoch: epochs[1])
            }
        }
        #expect(failure?.description.contains("while a held it") == true)
    }
}
