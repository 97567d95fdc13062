import LeverCore
import LeverRouter
import LeverTransport
import NIOCore
import Testing

@Suite("Calls that fail, and calls that wait")
struct FailureTests {
    @Test("the deadline ends the call for both sides")
    func deadline() async throws {
        try await RouterHarness.run([.silent]) { harness, instances, routes in
            let answer = await harness.call(headers: [("grpc-timeout", "100m")]).ended()
            #expect(answer.status == 4)
            #expect(answer.reason == "deadline")
            #expect(await poll { instances[0].seen.first?.end != nil })
            #expect(instances[0].seen.first?.end == .resetByPeer(.cancel))
            #expect(routes[0].gate.inFlight == 0)
        }
    }

    @Test("a call without a deadline gets the host's")
    func defaultDeadline() async throws {
        var configuration = RouterConfiguration()
        configuration.defaultDeadline = .milliseconds(50)
        try await RouterHarness.run([.silent], configuration: configuration) { harness, _, _ in
            #expect(await harness.call().ended().status == 4)
        }
    }

    @Test("a caller that gives up is told to the instance")
    func cancellation() async throws {
        try await RouterHarness.run([.silent]) { harness, instances, routes in
            let call = harness.call()
            #expect(await poll { instances[0].seen.first?.received == 5 })
            await call.withStream { $0.reset(.cancel) }
            #expect(await poll { instances[0].seen.first?.end == .resetByPeer(.cancel) })
            #expect(await poll { routes[0].gate.inFlight == 0 })
        }
    }

    @Test("a refused call is tried at another instance, whole")
    func refused() async throws {
        try await RouterHarness.run([.refuse, .echo]) { harness, instances, routes in
            let body = [UInt8](repeating: 5, count: 60_000)
            for _ in 0..<10 {
                let answer = await harness.call(body: body).ended()
                #expect(answer.status == 0)
                #expect(answer.data == body)
            }
            #expect(!instances[0].seen.isEmpty, "in ten calls the refusing instance is picked at least once")
            #expect(instances[1].seen.count == 10)
            #expect(routes.map(\.gate.inFlight) == [0, 0])
        }
    }

    @Test("an instance that cannot be reached is passed over")
    func unreachable() async throws {
        try await RouterHarness.run([.echo, .echo]) { harness, instances, _ in
            try await instances[0].stop()
            for _ in 0..<10 { #expect(await harness.call().ended().status == 0) }
        }
    }

    @Test("a call that every instance refuses ends, and does not go round for ever")
    func refusedByAll() async throws {
        try await RouterHarness.run([.refuse, .refuse, .refuse]) { harness, instances, _ in
            let answer = await harness.call().ended()
            #expect(answer.status == 14)
            #expect(answer.reason == "start-failed")
            #expect(instances.map(\.seen.count).reduce(0, +) == 3)
        }
    }

    @Test("an instance that dies with the call fails it, and is not asked again")
    func death() async throws {
        try await RouterHarness.run([.die, .die]) { harness, instances, routes in
            let answer = await harness.call().ended()
            #expect(answer.status == 14)
            #expect(answer.reason == "instance-died")
            #expect(instances.map(\.seen.count).reduce(0, +) == 1)
            #expect(routes.map(\.gate.inFlight) == [0, 0])
        }
    }

    @Test("callers hear why the instance died, those that asked before it was known and those after")
    func deathWithReason() async throws {
        let end = InstanceEnd(patience: .seconds(600))
        try await RouterHarness.run([.die], end: end) { harness, instances, routes in
            // Each closes the connection that it came over.
            let call = harness.call()
            #expect(await poll { instances[0].seen.count == 1 })
            let given = harness.call()
            #expect(await poll { instances[0].seen.count == 2 })
            let late = harness.call(headers: [("grpc-timeout", "100m")])
            #expect(await poll { instances[0].seen.count == 3 })
            #expect(await late.ended().reason == "deadline")
            #expect(!call.current.isAnswered)
            // One that gives up is no call any more; its object may be another's when the word comes.
            await given.withStream { $0.reset(.cancel) }
            #expect(await poll { given.current.end != nil })
            end.tell("it ran out of memory")
            let answer = await call.ended()
            #expect(answer.status == 14)
            #expect(answer.reason == "instance-died")
            #expect(
                answer.message == "instance hello-1 of dev.lever/hello died during the call: it ran out of memory")
            #expect(routes[0].gate.inFlight == 0)
            #expect(await harness.call().ended().message.hasSuffix("it ran out of memory"))
        }
    }

    @Test("where nobody says why the instance died, its connection's end is the reason")
    func deathWithoutReason() async throws {
        try await RouterHarness.run([.die], end: InstanceEnd(patience: .milliseconds(20))) { harness, _, _ in
            for _ in 1...2 {
                let answer = await harness.call().ended()
                #expect(answer.reason == "instance-died")
                #expect(answer.message.hasPrefix("instance hello-1 of dev.lever/hello died during the call: "))
            }
        }
    }

    @Test(
        "a reset of the instance's passes with its code", arguments: [HTTP2ErrorCode.internalError, .enhanceYourCalm])
    func reset(code: HTTP2ErrorCode) async throws {
        try await RouterHarness.run([.reset(code)]) { harness, _, _ in
            #expect(await harness.call().ended().end == .resetByPeer(code))
        }
    }

    // MARK: Waiting

    @Test("calls wait for an instance and go to it when it is there")
    func waiting() async throws {
        try await RouterHarness.run([.echo]) { harness, instances, routes in
            harness.publish([])
            await harness.settle()
            let calls = (0..<5).map { harness.call(body: [0, 0, 0, 0, 1, UInt8($0)]) }
            #expect(await poll { harness.router.waitingRoom.count(RouterHarness.service) == 5 })
            harness.publish(routes)
            await harness.settle()
            harness.router.waitingRoom.release(RouterHarness.service, resource: nil)
            for (index, call) in calls.enumerated() {
                let answer = await call.ended()
                #expect(answer.status == 0)
                #expect(answer.data == [0, 0, 0, 0, 1, UInt8(index)])
            }
        }
    }

    @Test("calls that wait can be failed, run out of time, or be given up")
    func waitingEnds() async throws {
        try await RouterHarness.run([]) { harness, _, _ in
            let room = harness.router.waitingRoom
            let late = harness.call(headers: [("grpc-timeout", "50m")])
            #expect(await late.ended().status == 4)
            let given = harness.call()
            #expect(await poll { room.count(RouterHarness.service) == 1 })
            await given.withStream { $0.reset(.cancel) }
            #expect(await poll { room.count(RouterHarness.service) == 0 })
            let failed = harness.call()
            #expect(await poll { room.count(RouterHarness.service) == 1 })
            room.release(RouterHarness.service, resource: nil, failing: RPCError(.startFailed, "it does not start"))
            let answer = await failed.ended()
            #expect(answer.reason == "start-failed")
            #expect(answer.message == "it does not start")
        }
    }

    @Test("beyond the bound calls are refused at once")
    func fullQueue() async throws {
        var configuration = RouterConfiguration()
        configuration.waiting.callsPerService = 2
        try await RouterHarness.run([], configuration: configuration) { harness, _, _ in
            _ = [harness.call(), harness.call()]
            #expect(await poll { harness.router.waitingRoom.count(RouterHarness.service) == 2 })
            let answer = await harness.call().ended()
            #expect(answer.status == 8)
            #expect(answer.reason == "queue-full")
        }
    }

    // MARK: Back-pressure

    @Test("a slow reader holds up its instance, and no other call of the connection")
    func slowReader() async throws {
        try await RouterHarness.run([.flood(20_000_000), .echo]) { harness, instances, routes in
            harness.publish([routes[0]])
            await harness.settle()
            let slow = harness.call(readsData: false)
            #expect(await poll { slow.current.data.count > 0 })
            // Three windows lie between the two ends: the client's, the host's, and what the sockets take.
            var sent = -1
            while sent != instances[0].seen[0].sent {
                sent = instances[0].seen[0].sent
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(sent < 2_000_000, "\(sent) bytes left the instance though nobody reads")
            harness.publish([routes[1]])
            await harness.settle()
            for _ in 0..<5 { #expect(await harness.call().ended().status == 0) }
            await slow.withStream { $0.reset(.cancel) }
            #expect(await poll { instances[0].seen[0].end == .resetByPeer(.cancel) })
        }
    }

    @Test("an instance that does not read holds up its caller")
    func slowInstance() async throws {
        try await RouterHarness.run([.silent]) { harness, instances, _ in
            let call = harness.call(
                url: "lever://dev.lever/hello//PutChan", path: RPCHeader.channelPath,
                body: nil)
            await call.withStream { $0.send(data: ByteBuffer(repeating: 1, count: 20_000_000)) }
            var received = -1
            while received != instances[0].seen.first?.received ?? 0 {
                received = instances[0].seen.first?.received ?? 0
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(received > 0)
            #expect(received < 1_000_000)
        }
    }

    @Test("what a caller still sends after its answer is tolerated")
    func lateData() async throws {
        try await RouterHarness.run([.status(0, "")]) { harness, _, routes in
            let call = harness.call(body: nil)
            #expect(await call.answer().status == 0)
            await call.withStream { $0.send(data: ByteBuffer(repeating: 1, count: 100_000)) }
            await call.withStream { $0.send(data: ByteBuffer(), endStream: true) }
            #expect(await call.ended().end == .complete)
            #expect(routes[0].gate.inFlight == 0)
            #expect(await harness.call(body: nil).answer().status == 0)
        }
    }
}
