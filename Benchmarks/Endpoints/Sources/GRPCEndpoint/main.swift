// grpc-swift-2's server and client over its NIO transport, one thread each. Messages are bytes that nobody encodes or
// decodes: what a codec would cost comes on top.

import GRPCCore
import GRPCHello
import GRPCNIOTransportHTTP2
import Measuring
import NIOCore

NIOSingletons.groupLoopCountSuggestion = 1
switch Command.parse() {
case .server(let port):
    let server = GRPCServer(
        transport: .http2NIOPosix(
            address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext), services: [Hello()])
    try await server.serve()
case .client(let port, let calls, let concurrency):
    try await withGRPCClient(
        transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
    ) { client in
        try await measureCalls(calls, concurrency: concurrency) { try await Hello.call(through: client) }
    }
}
