/// The address of a method: `lever://<environment>/<service>[/<resource>]/<method>`, or without the scheme and the
/// environment for the caller's own environment.
///
/// The first segment of the path is the service, the last is the method, and all between them is the resource, which may
/// hold `/` and is never percent-decoded. Written out, an empty resource keeps its slash, as old programs write it:
/// `lever://dev.lever/hello//SayHello`; both forms parse.
public struct LeverURL: Sendable {
    /// The environment; `nil` stands for the caller's own.
    public var environment: EnvironmentName?
    /// The service.
    public var service: ServiceName
    /// The resource; empty for a call that names none.
    public var resource: String
    /// The method.
    public var method: MethodName

    /// The longest resource name, in bytes.
    public static let maximumResourceLength = 1024

    /// Makes an address of parts that are valid already.
    public init(environment: EnvironmentName?, service: ServiceName, resource: String = "", method: MethodName) {
        self.environment = environment
        self.service = service
        self.resource = resource
        self.method = method
    }

    /// Parses an absolute (`lever://…`) or relative (`/service/method`, `service/method`) address.
    ///
    /// - Throws: ``RPCError`` with the reason ``RPCError/Reason/badURL`` and the offending text;
    ///   ``RPCError/Reason/noMethod`` where the method is well-formed but not callable.
    public init(_ text: some StringProtocol) throws(RPCError) {
        try self.init(String(text), isOfHost: false)
    }

    /// Parses the address of a host's call, whose method may be one that nobody else can call.
    ///
    /// - Throws: as ``init(_:)``.
    package init(ofHost text: String) throws(RPCError) {
        try self.init(text, isOfHost: true)
    }

    private init(_ text: String, isOfHost: Bool) throws(RPCError) {
        var path = text[...]
        var environment: EnvironmentName?
        if let start = try Self.endOfScheme(text) {
            let rest = text[start...]
            let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            environment = try EnvironmentName(Self.withoutPort(rest[..<end]))
            path = rest[end...]
        }
        if path.utf8.first == UInt8(ascii: "/") { path = path.dropFirst() }
        try self.init(environment: environment, path: path, in: text, isOfHost: isOfHost)
    }

    /// Parses the path of an address, without its leading slash.
    ///
    /// - Throws: as ``init(_:)``.
    public init(environment: EnvironmentName?, path: Substring) throws(RPCError) {
        try self.init(environment: environment, path: path, in: String(path))
    }

    private init(
        environment: EnvironmentName?, path: Substring, in text: String, isOfHost: Bool = false
    ) throws(RPCError) {
        let slash = UInt8(ascii: "/")
        guard let first = path.utf8.firstIndex(of: slash), let last = path.utf8.lastIndex(of: slash) else {
            throw RPCError(
                .badURL, "\"\(text.prefix(256))\" names no method: it should be <service>[/<resource>]/<method>")
        }
        self.environment = environment
        service = try ServiceName(path[..<first])
        let name = path[path.utf8.index(after: last)...]
        method = isOfHost ? try MethodName(ofHost: name) : try MethodName(name)
        let resource = first == last ? "" : path[path.utf8.index(after: first)..<last]
        guard resource.utf8.count <= Self.maximumResourceLength else {
            throw RPCError(.badURL, "the resource \"\(resource.prefix(64))…\" is longer than 1024 bytes")
        }
        guard resource.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw RPCError(.badURL, "the resource of \"\(text.prefix(256))\" holds control characters")
        }
        self.resource = String(resource)
    }

    /// Where an absolute address goes on after its scheme; `nil` for a relative one.
    private static func endOfScheme(_ text: String) throws(RPCError) -> String.Index? {
        let usual = "lever://"
        // Nearly all are written so, and looking for a text in a text takes longer than all the rest.
        if text.utf8.starts(with: usual.utf8) { return text.utf8.index(text.startIndex, offsetBy: usual.utf8.count) }
        guard let scheme = text.firstRange(of: "://") else { return nil }
        guard text[..<scheme.lowerBound].lowercased() == "lever" else {
            throw RPCError(.badURL, "\"\(text.prefix(256))\": the scheme of a Lever URL is lever://")
        }
        return scheme.upperBound
    }

    private static func withoutPort(_ authority: Substring) -> Substring {
        guard let colon = authority.lastIndex(of: ":"),
            authority[colon...].dropFirst().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return authority }
        return authority[..<colon]
    }
}

extension LeverURL: Hashable {
    /// Compares resources byte by byte, as instances see them: texts that only look alike differ.
    public static func == (left: LeverURL, right: LeverURL) -> Bool {
        left.environment == right.environment && left.service == right.service && left.method == right.method
            && left.resource.hasSameBytes(as: right.resource)
    }

    /// Hashes what is compared.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(environment)
        hasher.combine(service)
        hasher.combine(ResourceID(resource))
        hasher.combine(method)
    }
}

extension LeverURL: CustomStringConvertible {
    /// The address as it goes into the header `lever-url`, an empty resource written out.
    public var description: String {
        let path = "\(service)/\(resource)/\(method)"
        guard let environment else { return "/" + path }
        return "lever://\(environment)/\(path)"
    }
}
