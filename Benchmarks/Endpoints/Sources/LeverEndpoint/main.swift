// Lever's service SDK and client, one thread each.

import LeverClient
import LeverCore
import LeverService
import Measuring
import NIOCore

NIOSingletons.groupLoopCountSuggestion = 1
switch Command.parse() {
case .server(let port):
    var configuration = LeverService.Configuration.defaults
    configuration.address = "127.0.0.1:\(port)"
    let service = LeverService(configuration: configuration) {
        Method("BasicHello") { (name: String) async in "hello \(name)" }
    }
    try await service.run()
case .client(let port, let calls, let concurrency):
    var configuration = LeverClient.Configuration.defaults
    configuration.host = "127.0.0.1:\(port)"
    try await withLeverClient(configuration: configuration) { client in
        let hello = try client.service("dev.lever", "hello")
        try await measureCalls(calls, concurrency: concurrency) {
            let reply = try await hello.invoke("BasicHello", "name", as: String.self)
            guard reply == "hello name" else { throw RPCError(.badMessage, "the reply is \(reply)") }
        }
    }
}
