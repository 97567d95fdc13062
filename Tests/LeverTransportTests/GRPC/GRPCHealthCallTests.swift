import LeverCore
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import LeverTransport

/// gRPC's own question whether a server serves.
@Suite(.timeLimit(.minutes(1))) struct GRPCHealthCallTests {
    private func ask(
        _ request: [UInt8], _ changes: [String: String?] = [:], origin: GRPCCallOrigin = .host
    ) async throws -> RawCall.Answer {
        let server = try await RPCServer.start(
            on: .tcp(host: "127.0.0.1", port: 0), handler: ProbeHandler(), group: MultiThreadedEventLoopGroup.singleton,
            origin: origin, logger: Logger(label: "test"))
        var fields: [String: String?] = [":path": "/grpc.health.v1.Health/Check", "lever-url": nil]
        fields.merge(changes) { $1 }
        let answer = try await RawCall.make(at: server.localAddress, RawCall.fields("Check", fields)) { stream in
            // In pieces, as bytes may come.
            for byte in request { stream.send(data: ByteBuffer(bytes: [byte])) }
            stream.send(data: ByteBuffer(), endStream: true)
        }
        await server.drain(within: .zero)
        return answer
    }

    @Test(arguments: ["", "core.LeverRPC"]) func itServes(_ name: String) async throws {
        let message = name.isEmpty ? [] : [0x0A, UInt8(name.utf8.count)] + Array(name.utf8)
        let answer = try await ask([0, 0, 0, 0, UInt8(message.count)] + message)
        #expect(answer.status == "0")
        #expect(answer.data == [0, 0, 0, 0, 2, 8, 1])
    }

    @Test func otherNamesAreNotFound() async throws {
        let answer = try await ask([0, 0, 0, 0, 3, 0x0A, 1, 0x78])
        #expect(answer.status == "5")
        #expect(answer.head["grpc-message"] == "there is no gRPC service \"x\" here")
    }

    @Test(
        arguments: [
            [0, 0, 0, 0, 2, 0x0A, 9], [0, 0, 0, 0, 1, 0x10], [0, 0, 0, 0, 3, 0x10, 1, 1], [0, 0, 0, 0, 9, 1], [],
        ] as [[UInt8]])
    func malformedRequestsAreRefused(_ request: [UInt8]) async throws {
        #expect(try await ask(request).status == "3")
    }

    @Test func watchingIsNotThere() async throws {
        let answer = try await ask([0, 0, 0, 0, 0], [":path": "/grpc.health.v1.Health/Watch"])
        #expect(answer.status == "12")
    }

    @Test func itIsForInstancesAlone() async throws {
        #expect(try await ask([0, 0, 0, 0, 0], origin: .caller(environment: nil)).status == "12")
    }
}
