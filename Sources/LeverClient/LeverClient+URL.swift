public import LeverCore

extension LeverClient {
    /// Invokes a method by its address; what it returns is dropped.
    ///
    /// - Parameters:
    ///   - url: `lever://<environment>/<service>[/<resource>]/<method>`, or without scheme and environment.
    ///   - arguments: One for each of the method's parameters.
    ///   - options: What this call asks for.
    /// - Throws: as ``ServiceEndpoint/invoke(_:_:as:options:)``.
    public func invoke<each Argument: Encodable & Sendable>(
        url: String, _ arguments: repeat each Argument, options: CallOptions = .defaults
    ) async throws {
        let url = try LeverURL(url)
        _ = try await call(url, RPCArguments(encoding: repeat each arguments), options: options).payload(of: url)
    }

    /// Invokes a method by its address and waits for its result.
    ///
    /// ```swift
    /// let greeting = try await client.invoke(url: "lever://dev.lever/hello/SayHello", "world", as: String.self)
    /// ```
    ///
    /// - Throws: as ``ServiceEndpoint/invoke(_:_:as:options:)``.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable>(
        url: String, _ arguments: repeat each Argument, as type: Result.Type, options: CallOptions = .defaults
    ) async throws -> Result {
        let url = try LeverURL(url)
        let arguments = try RPCArguments(encoding: repeat each arguments)
        return try await call(url, arguments, options: options).payload(of: url).decode(type)
    }

    /// Opens a channel to a method by its address.
    ///
    /// - Throws: as ``ServiceEndpoint/channel(_:_:options:)``.
    public func channel<each Argument: Encodable & Sendable>(
        url: String, _ arguments: repeat each Argument, options: CallOptions = .defaults
    ) async throws -> LeverChannel {
        try await open(LeverURL(url), RPCArguments(encoding: repeat each arguments), options: options)
    }
}
