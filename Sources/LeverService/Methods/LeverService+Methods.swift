public import LeverCore

extension LeverService {
    /// Adds a method: a closure, or a function of a type.
    ///
    /// Each parameter is anything decodable and takes one argument of the call; trailing optional ones may be left out. A
    /// method with one parameter that is a collection of bytes (`[UInt8]`, `Data`) takes a byte argument, and a result that is
    /// one is answered as bytes. Within the body ``CallContext/current`` is the call.
    ///
    /// What the body throws reaches the caller so: ``ServiceError`` and ``RemoteError`` as the method's own error with
    /// their value, ``RPCError`` as a status, any other error as the method's own error with its description.
    ///
    /// - Parameters:
    ///   - name: The method's name. That it is well-formed, not taken, and does not end in `Chan` is a precondition.
    ///   - body: What the method does. Calls run it concurrently.
    public mutating func method<each Parameter: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (repeat each Parameter) async throws -> Result
    ) {
        let signature = Signature(repeat (each Parameter).self)
        methods.add(unary: name) { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(repeat each values))
        }
    }

    /// Adds a method without a result, which answers `null`.
    ///
    /// - Parameters:
    ///   - name: The method's name, as in ``method(_:_:)``.
    ///   - body: What the method does.
    public mutating func method<each Parameter: Decodable & Sendable>(
        _ name: String, _ body: @escaping @concurrent @Sendable (repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        methods.add(unary: name) { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(repeat each values)
            return .result(.null)
        }
    }

    /// Adds a method whose body gets the call's context first; `context.url.resource` is the resource.
    ///
    /// - Parameters:
    ///   - name: The method's name, as in ``method(_:_:)``.
    ///   - body: What the method does.
    public mutating func method<each Parameter: Decodable & Sendable, Result: Encodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, repeat each Parameter) async throws -> Result
    ) {
        let signature = Signature(repeat (each Parameter).self)
        methods.add(unary: name) { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            return try RPCReply(encoding: await body(context, repeat each values))
        }
    }

    /// Adds a method without a result whose body gets the call's context first.
    ///
    /// - Parameters:
    ///   - name: The method's name, as in ``method(_:_:)``.
    ///   - body: What the method does.
    public mutating func method<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (CallContext, repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        methods.add(unary: name) { context, arguments in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await body(context, repeat each values)
            return .result(.null)
        }
    }

    /// Adds a channel method. Once the arguments fit, the channel is open for as long as the body runs: returning ends it, throwing ends it
    /// with the error, as for ``method(_:_:)``; the task is cancelled when the caller goes away.
    ///
    /// - Parameters:
    ///   - name: The method's name. That it is well-formed, not taken, and ends in `Chan` is a precondition.
    ///   - body: What the method does; `channel.url.resource` is the resource.
    public mutating func channel<each Parameter: Decodable & Sendable>(
        _ name: String,
        _ body: @escaping @concurrent @Sendable (LeverChannel, repeat each Parameter) async throws -> Void
    ) {
        let signature = Signature(repeat (each Parameter).self)
        methods.add(channel: name) { context, arguments, channel in
            var reader = ArgumentReader(arguments, of: context.url.method, signature)
            let values = (repeat try reader.next((each Parameter).self))
            try reader.finish()
            try await channel.accept()
            try await body(LeverChannel(channel, url: context.url, isCallers: false), repeat each values)
        }
    }
}

extension RPCReply {
    /// The reply for a result: bytes where it is a collection of bytes.
    fileprivate init(encoding result: some Encodable) throws {
        self =
            if let bytes = StandaloneBytes.bytes(of: result) { .bytes(bytes) } else {
                .result(try StandaloneBytes.encode(result))
            }
    }
}
