// grpc-swift-2's server and client over its in-process transport. Messages are bytes that nobody encodes or decodes.

import GRPCCore
import GRPCHello
import GRPCInProcessTransport
import Measuring

let command = InProcessCommand.parse(kinds: ["grpc"])
let transport = InProcessTransport()
try await withGRPCServer(transport: transport.server, services: [Hello()]) { _ in
    try await withGRPCClient(transport: transport.client) { client in
        try await measureCalls(command.calls, concurrency: command.concurrency) {
            try await Hello.call(through: client)
        }
    }
}
