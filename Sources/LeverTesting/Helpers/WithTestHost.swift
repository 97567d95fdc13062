/// Makes a host in memory, runs a test with it, and checks at the end that no two instances ever acted for one resource.
///
/// The test's own code runs on the host's executor, with its `async let`s and task groups, so that the same seed gives the same
/// result.
///
/// ```swift
/// @Test func greets() async throws {
///     try await withTestHost { host in
///         try await host.deploy(Hello.service, as: "hello")
///         let greeting = try await host.client.service("hello").invoke("SayHello", "world", as: String.self)
///         #expect(greeting == "Hello, world!")
///     }
/// }
/// ```
///
/// - Parameters:
///   - seed: Decides all that chance decides.
///   - configuration: Everything else; its seed counts for nothing.
///   - body: The test.
/// - Throws: What the test throws; ``TestFailure`` where two instances acted for one resource.
@discardableResult
public func withTestHost<Value: Sendable>(
    seed: UInt64 = 1, configuration: LeverTestHost.Configuration = .defaults,
    _ body: @escaping @Sendable (LeverTestHost) async throws -> Value
) async throws -> Value {
    var configuration = configuration
    configuration.seed = seed
    let host = LeverTestHost(configuration)
    let result: Result<Value, any Error>
    do {
        result = .success(
            try await withTaskExecutorPreference(host.clock.executor) { try await body(host) })
    } catch {
        result = .failure(error)
    }
    await host.shutdown()
    let value = try result.get()
    try host.witness.check()
    return value
}
