public import LeverCore

/// A service, or one of its resources, as something to call. A small value; make as many as you like.
public struct ServiceEndpoint: Sendable {
    let client: LeverClient
    /// The service.
    public let id: ServiceID
    /// The resource that calls go to; empty for none.
    public private(set) var resource = ""
    /// What calls ask for where they do not say so themselves.
    public var options = CallOptions.defaults

    init(client: LeverClient, id: ServiceID) {
        self.client = client
        self.id = id
    }

    /// The same service with calls that go to a resource: any text of up to 1024 bytes without control characters.
    public func resource(_ name: String) -> ServiceEndpoint {
        var endpoint = self
        endpoint.resource = name
        return endpoint
    }

    /// The same endpoint with other options for its calls.
    public func with(_ options: CallOptions) -> ServiceEndpoint {
        var endpoint = self
        endpoint.options = options
        return endpoint
    }

    /// The address of one of the methods.
    ///
    /// - Throws: ``RPCError`` where the method's or the resource's name is malformed.
    public func url(_ method: String) throws(RPCError) -> LeverURL {
        guard resource.isEmpty else {
            // Parsing checks the resource's name.
            return try LeverURL(environment: id.environment, path: "\(id.service)/\(resource)/\(method)"[...])
        }
        return LeverURL(environment: id.environment, service: id.service, method: try MethodName(method))
    }
}

// MARK: Calls

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
    /// - Throws: ``RemoteError`` for the method's own error, ``RPCError`` when the call failed otherwise,
    ///   `EncodingError` for an argument that cannot become a value, `CancellationError`.
    public func invoke<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument, options: CallOptions? = nil
    ) async throws {
        let url = try url(method)
        let arguments = try RPCArguments(encoding: repeat each arguments)
        _ = try await client.call(url, arguments, options: options ?? self.options).payload(of: url)
    }

    /// Invokes a method and waits for its result.
    ///
    /// - Parameters:
    ///   - method: The method's name.
    ///   - arguments: One for each of the method's parameters.
    ///   - type: What the result is: anything decodable, `LeverValue` for any value, `[UInt8]` or `Data` for bytes.
    ///   - options: What this call asks for; `nil` takes those of the endpoint.
    /// - Throws: as ``invoke(_:_:options:)``, and `DecodingError` where the result has another form.
    public func invoke<each Argument: Encodable & Sendable, Result: Decodable>(
        _ method: String, _ arguments: repeat each Argument, as type: Result.Type, options: CallOptions? = nil
    ) async throws -> Result {
        let url = try url(method)
        let arguments = try RPCArguments(encoding: repeat each arguments)
        return try await client.call(url, arguments, options: options ?? self.options).payload(of: url).decode(type)
    }

    /// Invokes a method with a byte argument; what it returns is dropped.
    ///
    /// - Throws: as ``invoke(_:_:options:)``.
    public func invoke(_ method: String, bytes: [UInt8], options: CallOptions? = nil) async throws {
        let url = try url(method)
        _ = try await client.call(url, .bytes(bytes), options: options ?? self.options).payload(of: url)
    }

    /// Invokes a method with a byte argument and waits for its result.
    ///
    /// - Throws: as ``invoke(_:_:as:options:)``.
    public func invoke<Result: Decodable>(
        _ method: String, bytes: [UInt8], as type: Result.Type, options: CallOptions? = nil
    ) async throws -> Result {
        let url = try url(method)
        return try await client.call(url, .bytes(bytes), options: options ?? self.options).payload(of: url).decode(type)
    }

    /// Opens a channel to a method whose name ends in `Chan`; returns once the method has accepted it.
    ///
    /// - Throws: ``RPCError`` when it could not be opened, `EncodingError`, `CancellationError`.
    public func channel<each Argument: Encodable & Sendable>(
        _ method: String, _ arguments: repeat each Argument, options: CallOptions? = nil
    ) async throws -> LeverChannel {
        let url = try url(method)
        let arguments = try RPCArguments(encoding: repeat each arguments)
        return try await client.open(url, arguments, options: options ?? self.options)
    }

    /// Opens a channel with a byte argument.
    ///
    /// - Throws: as ``channel(_:_:options:)``.
    public func channel(_ method: String, bytes: [UInt8], options: CallOptions? = nil) async throws -> LeverChannel {
        try await client.open(url(method), .bytes(bytes), options: options ?? self.options)
    }
}
