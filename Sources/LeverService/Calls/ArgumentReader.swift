package import LeverCore

/// The types of a method's parameters, as messages name them.
package struct Signature: Sendable, CustomStringConvertible {
    let types: [String]

    init<each Parameter>(_ types: repeat (each Parameter).Type) {
        var names: [String] = []
        for type in repeat each types { names.append(Self.name(of: type)) }
        self.types = names
    }

    /// - Parameter names: What the parameters are called in messages, for example `text: String`.
    package init(names: [String]) {
        types = names
    }

    /// `(String, Int)`
    package var description: String { "(" + types.joined(separator: ", ") + ")" }

    /// A type's name; an optional's with a question mark.
    static func name<Value>(of type: Value.Type) -> String {
        let name = String(describing: type)
        guard name.hasPrefix("Optional<"), name.hasSuffix(">") else { return name }
        return name.dropFirst("Optional<".count).dropLast() + "?"
    }
}

/// Reads a call's arguments as a method's parameters, from left to right.
package struct ArgumentReader {
    private let arguments: RPCArguments
    private let method: MethodName
    private let signature: Signature
    private var position = 0

    package init(_ arguments: RPCArguments, of method: MethodName, _ signature: Signature) {
        self.arguments = arguments
        self.method = method
        self.signature = signature
    }

    /// The next argument. One that is missing is `nil` for an optional parameter.
    ///
    /// - Parameter decoder: What reads a value; by default a plain decoder.
    /// - Throws: ``ArgumentFailure`` (INVALID_ARGUMENT) that names the method, the position and the type that it should have.
    package mutating func next<Value: Decodable>(
        _ type: Value.Type, with decoder: LeverDecoder = LeverDecoder()
    ) throws -> Value {
        defer { position += 1 }
        switch arguments {
        case .bytes(let bytes):
            guard signature.types.count == 1, let value = StandaloneBytes.make(type, of: bytes) else {
                throw Self.bytesUnwanted("\(method) takes \(signature)")
            }
            return value
        case .values(let values):
            guard position < values.count else {
                if let type = type as? any ExpressibleByNilLiteral.Type, let none = type.init(nilLiteral: ()) as? Value
                {
                    return none
                }
                throw wrongCount(values.count)
            }
            do {
                return try StandaloneBytes.decode(type, from: values[position], with: decoder)
            } catch let error as DecodingError {
                throw wrongType(Signature.name(of: type), values[position], error)
            }
        }
    }

    /// Checks that nothing will be left over once every parameter has been read.
    package func finish() throws {
        switch arguments {
        case .values(let values) where values.count > signature.types.count: throw wrongCount(values.count)
        case .bytes where signature.types.isEmpty:
            throw Self.bytesUnwanted("\(method) takes no argument")
        default: break
        }
    }

    private static func bytesUnwanted(_ what: String) -> ArgumentFailure {
        ArgumentFailure(
            error: RPCError(
                .badMessage, "\(what), not a byte argument (over HTTP, JSON has the Content-Type application/json)"))
    }

    private func wrongCount(_ count: Int) -> ArgumentFailure {
        let expected = signature.types.count
        let noun = expected == 1 ? "argument" : "arguments"
        return ArgumentFailure(
            error: RPCError(.badMessage, "\(method) takes \(expected) \(noun) \(signature), but the call has \(count)"))
    }

    private func wrongType(_ type: String, _ value: LeverValue, _ error: DecodingError) -> ArgumentFailure {
        let (path, problem) = error.placeAndProblem
        var message = "argument \(position + 1) of \(method) should be \(type)"
        message += path.isEmpty ? ", but is \(value.kind)" : ", but its \(path) does not fit"
        return ArgumentFailure(error: RPCError(.badMessage, message + ": " + problem, cause: error))
    }
}

extension DecodingError {
    /// Where in the value it is, for example `items[2].price`, and what is wrong there.
    fileprivate var placeAndProblem: (String, String) {
        switch self {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (Self.path(context.codingPath), context.debugDescription)
        case .keyNotFound(let key, let context):
            (Self.path(context.codingPath + [key]), context.debugDescription)
        @unknown default: ("", String(describing: self))
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        var path = ""
        for key in keys {
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return path
    }
}
