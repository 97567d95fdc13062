import LeverTransport
import NIOCore
import NIOPosix

/// A port of the loopback interface that takes connections and never answers.
struct ServerSocket {
    private let channel: any Channel

    static func open(on group: any EventLoopGroup) async throws -> ServerSocket {
        ServerSocket(channel: try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get())
    }

    var address: TransportAddress { .tcp(host: "127.0.0.1", port: channel.localAddress!.port!) }

    func close() async throws { try await channel.close() }
}
