public import LeverCore

/// What every `RPCTransport` must do. What is checked is a way from a caller to a handler: it gets the handler, brings it to where
/// calls end, and gives a transport that leads there.
///
/// ```swift
/// @Test(arguments: TransportConformance.checks)
/// func inProcess(check: ConformanceCheck<TransportConformance.Way>) async throws {
///     try await check.run(on: TransportConformance.Way { handler, body in
///         try await body(InProcessTransport(handler: handler))
///     })
/// }
/// ```
public enum TransportConformance: ConformanceSuite {
    /// A way from a caller to a handler.
    public struct Way: Sendable {
        /// What is done with the transport.
        public typealias Body = @Sendable (any RPCTransport) async throws -> Void

        private let body: @Sendable (any RPCHandler, @escaping Body) async throws -> Void

        /// Makes a way; `body` gets the handler, calls what it is given with a transport to it once, and clears up.
        public init(_ body: @escaping @Sendable (any RPCHandler, @escaping Body) async throws -> Void) {
            self.body = body
        }

        func run(_ body: @escaping @Sendable (any RPCTransport, TransportProbe) async throws -> Void) async throws {
            let probe = TransportProbe()
            try await self.body(probe) { try await body($0, probe) }
        }
    }

    /// All checks.
    public static var checks: [ConformanceCheck<Way>] { calls + channels + pressure }

    static func check(
        _ name: String, _ body: @escaping @Sendable (any RPCTransport, TransportProbe) async throws -> Void
    ) -> ConformanceCheck<Way> {
        ConformanceCheck(name) { way in try await way.run(body) }
    }

    /// A call of one of the probe's methods.
    static func context(_ method: String, timeout: Duration? = nil) throws -> CallContext {
        let url = try LeverURL("lever://dev.lever/probe/some/resource/\(method)")
        return CallContext(url: url, deadline: timeout.map { .now + $0 })
    }
}
