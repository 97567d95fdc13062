// A call that stays within the process, with more of Lever around it from kind to kind:
//
// handler       a handler that answers at once, through `InProcessTransport`
// service       the same transport between `LeverClient` and a service of `LeverService`
// host-handler  the handler, registered at a host and called through its router
// host-service  `LeverClient` and the service, through a host's router

import LeverClient
import LeverCore
import LeverRuntime
import LeverService
import Logging
import Measuring

/// Answers at once, without looking at the arguments.
struct Answer: RPCHandler {
    func call(_ context: CallContext, _ arguments: RPCArguments) async throws -> RPCReply { .result("hello name") }

    func open(_ context: CallContext, _ arguments: RPCArguments, _ channel: any RPCChannel) async throws {}
}

let command = InProcessCommand.parse(kinds: ["handler", "service", "host-handler", "host-service"])
let service = LeverService {
    Method("BasicHello") { (name: String) async in "hello \(name)" }
}
let handler: any RPCHandler = command.kind.hasSuffix("service") ? service.handler() : Answer()

func measure(_ transport: any RPCTransport) async throws {
    if command.kind.hasSuffix("service") {
        let hello = try LeverClient(transport: transport).service("dev.lever", "hello")
        try await measureCalls(command.calls, concurrency: command.concurrency) {
            let reply = try await hello.invoke("BasicHello", "name", as: String.self)
            guard reply == "hello name" else { throw RPCError(.badMessage, "the reply is \(reply)") }
        }
    } else {
        let context = CallContext(url: try LeverURL("lever://dev.lever/hello/BasicHello"))
        try await measureCalls(command.calls, concurrency: command.concurrency) {
            let reply = try await transport.call(context, .values(["name"]))
            guard case .result("hello name") = reply else { throw RPCError(.badMessage, "the reply is \(reply)") }
        }
    }
}

if command.kind.hasPrefix("host") {
    var configuration = LeverHost.Configuration.defaults
    configuration.listen = "127.0.0.1:0"
    let host = try LeverHost(
        configuration: configuration, logger: Logger(label: "host") { _ in SwiftLogNoOpLogHandler() })
    try await host.register("dev.lever/hello", handler)
    try await withThrowingTaskGroup { group in
        group.addTask { try await host.run() }
        try await measure(host.client)
        group.cancelAll()
    }
} else {
    try await measure(try InProcessTransport(services: ["dev.lever/hello": handler]))
}
