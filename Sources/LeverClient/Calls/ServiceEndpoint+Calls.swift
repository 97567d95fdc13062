public import LeverCore

extension ServiceEndpoint {
    /// Invokes a method and waits for it; what it returns is dropped.
    ///
    /// An argument is anything encodable; one collection of bytes alone (`[UInt8]`, `Data`) goes as a byte argument.
    /// Cancelling the task cancels the call.
    ///
    /// - Parameters:
    ///   - method: The method's name.
    ///   - arguments: One for each of the method's parameters.
    ///   - options: What this call asks for; `nil` takes those of the endpoint.
    /// - Throws: `RemoteError`, or a type of ``throwing(_:)``, for the method's own error; `RPCError` when the call failed
    ///   otherwise; `EncodingError` for an argument that cannot become a value; `CancellationError`.
    public func invoke<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument, options: CallOptions? = nil
    ) async throws {
        _ = try await answer(of: method, RPCArguments(encoding: repeat each arguments), options)
    }

    /// Invokes a method and waits for its result, of the type that is asked for where the call stands.
    ///
    /// ```swift
    /// let greeting: String = try await hello.invoke("SayHello", "world")
    /// ```
    ///
    /// - Throws: as ``invoke(_:_:as:options:)``.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable>(
        _ method: String, _ arguments: repeat each Argument, options: CallOptions? = nil
    ) async throws -> Result {
        try await answer(of: method, RPCArguments(encoding: repeat each arguments), options).decode(Result.self)
    }

    /// Invokes a method and waits for its result.
    ///
    /// - Parameters:
    ///   - method: The method's name.
    ///   - arguments: One for each of the method's parameters.
    ///   - type: What the result is: anything decodable, `LeverValue` for any value, `[UInt8]` or `Data` for bytes.
    ///   - options: What this call asks for; `nil` takes those of the endpoint.
    /// - Throws: `RemoteError`, or a type of ``throwing(_:)``, for the method's own error; `RPCError` when the call failed
    ///   otherwise; `EncodingError` for an argument that cannot become a value; `DecodingError` where the result has another
    ///   form; `CancellationError`.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable>(
        _ method: String, _ arguments: repeat each Argument, as type: Result.Type, options: CallOptions? = nil
    ) async throws -> Result {
        try await answer(of: method, RPCArguments(encoding: repeat each arguments), options).decode(type)
    }

    /// Invokes a method with a byte argument; what it returns is dropped.
    ///
    /// - Throws: as ``invoke(_:_:as:options:)``.
    public func invoke(_ method: String, bytes: [UInt8], options: CallOptions? = nil) async throws {
        _ = try await answer(of: method, .bytes(bytes), options)
    }

    /// Invokes a method with a byte argument and waits for its result.
    ///
    /// - Throws: as ``invoke(_:_:as:options:)``.
    public func invoke<Result: Decodable>(
        _ method: String, bytes: [UInt8], as type: Result.Type, options: CallOptions? = nil
    ) async throws -> Result {
        try await answer(of: method, .bytes(bytes), options).decode(type)
    }

    /// Opens a channel to a method whose name ends in `Chan`; returns once the method has accepted it.
    ///
    /// - Throws: `RPCError` when it could not be opened, `EncodingError`, `CancellationError`.
    public func channel<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument, options: CallOptions? = nil
    ) async throws -> LeverChannel {
        let arguments = try RPCArguments(encoding: repeat each arguments)
        return try await client.open(url(method), arguments, options: options ?? self.options, errorTypes: errorTypes)
    }

    /// Opens a channel with a byte argument.
    ///
    /// - Throws: as ``channel(_:_:options:)``.
    public func channel(_ method: String, bytes: [UInt8], options: CallOptions? = nil) async throws -> LeverChannel {
        try await client.open(url(method), .bytes(bytes), options: options ?? self.options, errorTypes: errorTypes)
    }

    private func answer(
        of method: String, _ arguments: RPCArguments, _ options: CallOptions?
    ) async throws -> ReplyPayload {
        let url = try url(method)
        return try await client.call(url, arguments, options: options ?? self.options)
            .payload(of: url, throwing: errorTypes)
    }
}
