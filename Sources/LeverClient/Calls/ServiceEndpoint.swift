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
    /// What methods' own errors are thrown as, the first that fits.
    var errorTypes: [any (Error & Decodable).Type] = []

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

    /// The same endpoint with calls whose methods may run twice, for the client's policies of retries and hedging. What a call's
    /// own options say counts more.
    public var idempotent: ServiceEndpoint {
        var endpoint = self
        endpoint.options.isIdempotent = true
        return endpoint
    }

    /// The same endpoint with calls that throw their methods' own errors as a type of the program's, where they have its form.
    ///
    /// ```swift
    /// enum OrderError: MethodError { case soldOut(left: Int), unknownItem }
    ///
    /// let shop = try client.service("dev.lever", "shop").throwing(OrderError.self)
    /// do { try await shop.invoke("Order", item) } catch OrderError.soldOut(let left) { … }
    /// ```
    ///
    /// An error of another form is a `RemoteError`, as without this. Of several types the first one that was named and fits
    /// counts.
    public func throwing(_ type: (some Error & Decodable).Type) -> ServiceEndpoint {
        var endpoint = self
        endpoint.errorTypes.append(type)
        return endpoint
    }

    /// The address of one of the methods.
    ///
    /// - Throws: `RPCError` where the method's or the resource's name is malformed.
    public func url(_ method: String) throws(RPCError) -> LeverURL {
        guard resource.isEmpty else {
            // Parsing checks the resource's name.
            return try LeverURL(environment: id.environment, path: "\(id.service)/\(resource)/\(method)"[...])
        }
        return LeverURL(environment: id.environment, service: id.service, method: try MethodName(method))
    }
}
