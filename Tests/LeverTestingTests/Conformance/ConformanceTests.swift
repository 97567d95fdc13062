import LeverCore
import LeverService
import LeverTesting
import Testing

/// What this package brings keeps the contracts of its own protocols.
@Suite struct ConformanceTests {
    @Test(arguments: LoadBalancerConformance.checks)
    func powerOfTwoChoices(check: ConformanceCheck<any LoadBalancer>) async throws {
        try await check.run(on: PowerOfTwoChoices())
    }

    @Test(arguments: ResourcePlacementConformance.checks)
    func leastLoaded(check: ConformanceCheck<any ResourcePlacement>) async throws {
        try await check.run(on: LeastLoadedPlacement())
    }

    @Test(arguments: ResourcePlacementConformance.checks)
    func rendezvous(check: ConformanceCheck<any ResourcePlacement>) async throws {
        try await check.run(on: RendezvousPlacement())
    }

    @Test(arguments: ScalingPolicyConformance.checks)
    func targetLoad(check: ConformanceCheck<any ScalingPolicy>) async throws {
        try await check.run(on: TargetLoadPolicy())
    }

    @Test(arguments: ValueCodecConformance.checks)
    func protobuf(check: ConformanceCheck<any ValueCodec>) async throws {
        try await check.run(on: ProtobufCodec())
    }

    @Test(arguments: HandlerConformance.checks)
    func swiftService(check: ConformanceCheck<any RPCHandler>) async throws {
        try await check.run(on: LeverService { Method("Hello") { "hello" } }.handler())
    }

    @Test(arguments: TransportConformance.checks)
    func inProcess(check: ConformanceCheck<TransportConformance.Way>) async throws {
        try await check.run(on: TransportConformance.Way { try await $1(InProcessTransport(handler: $0)) })
    }

    /// A host in memory routes calls, and changes nothing about them.
    @Test(arguments: TransportConformance.checks)
    func hostInMemory(check: ConformanceCheck<TransportConformance.Way>) async throws {
        try await check.run(
            on: TransportConformance.Way { handler, body in
                try await withTestHost { host in
                    try await host.deploy(as: "dev.lever/probe") { handler }
                    try await body(host.transport)
                }
            })
    }
}

/// The suites find what breaks a contract, and name it.
@Suite struct BrokenTests {
    private struct FirstOfAll: LoadBalancer {
        func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int { 0 }
    }

    private struct OnePastTheEnd: ResourcePlacement {
        func place(_ resource: ResourceID, among candidates: [PlacementCandidate]) -> Int { candidates.count }
    }

    private struct Boundless: ScalingPolicy {
        func decide(_ sample: ScalingSample) -> ScalingDirective { ScalingDirective(desired: 1_000, reason: "") }
    }

    private struct AnswersAll: RPCHandler {
        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply { .result(.null) }
        func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
    }

    /// Loses the last argument, and messages that are nothing.
    private struct Lossy: RPCTransport {
        let inner: any RPCTransport

        func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply {
            guard case .values(let values) = arguments else { return try await inner.call(context, arguments) }
            return try await inner.call(context, .values(values.dropLast()))
        }

        func open(_ context: CallContext, _ arguments: RPCArguments) async throws -> any RPCChannel {
            try await inner.open(context, arguments)
        }
    }

    private func failure<Suite: ConformanceSuite>(
        of suite: Suite.Type, _ make: @escaping @Sendable () -> Suite.Subject
    ) async -> String {
        do {
            try await Suite.run(make)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func eachIsFoundByName() async throws {
        let balancer = await failure(of: LoadBalancerConformance.self) { FirstOfAll() }
        #expect(balancer.contains("1 of 5 checks"))
        #expect(balancer.contains("no instance is left without calls while all are given out: of 4000 calls"))
        let placement = await failure(of: ResourcePlacementConformance.self) { OnePastTheEnd() }
        #expect(placement.contains("the choice is one of the candidates: chose 2 of 2"))
        let policy = await failure(of: ScalingPolicyConformance.self) { Boundless() }
        #expect(policy.contains("it wants 1000 instances"))
        #expect(policy.contains("it says why: no reason is given"))
        let handler = await failure(of: HandlerConformance.self) { AnswersAll() }
        #expect(handler.contains("3 of 4 checks"))
        let transport = await failure(of: TransportConformance.self) {
            TransportConformance.Way { try await $1(Lossy(inner: InProcessTransport(handler: $0))) }
        }
        #expect(transport.contains("values and bytes come as they are: reply: expected"))
    }
}
