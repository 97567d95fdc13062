import LeverCore

/// Reads the arguments of an administrative method, one after the other; what is wrong with one is said with its number and
/// what it should be.
struct AdminArguments {
    private let method: MethodName
    private let values: [LeverValue]
    private var next = 0

    /// - Throws: `RPCError` `badMessage` where the arguments are bytes.
    init(_ arguments: RPCArguments, of method: MethodName) throws(RPCError) {
        guard case .values(let values) = arguments else {
            throw RPCError(.badMessage, "the arguments of \(method) are values, not bytes")
        }
        self.method = method
        self.values = values
    }

    /// The next argument; `nil` where it is missing or `null`.
    private mutating func take() -> LeverValue? {
        defer { next += 1 }
        guard next < values.count, !values[next].isNull else { return nil }
        return values[next]
    }

    /// An optional text.
    mutating func optionalText(_ what: String) throws(RPCError) -> String? {
        guard let value = take() else { return nil }
        guard let text = value.stringValue else { throw wrong(what, "a text", value) }
        return text
    }

    /// A text.
    mutating func text(_ what: String) throws(RPCError) -> String {
        guard let text = try optionalText(what) else {
            throw RPCError(.badMessage, "argument \(next) of \(method), \(what), is missing")
        }
        return text
    }

    /// An environment.
    mutating func environment() throws(RPCError) -> EnvironmentName {
        try EnvironmentName(text("the environment"))
    }

    /// An environment that may be left out.
    mutating func optionalEnvironment() throws(RPCError) -> EnvironmentName? {
        guard let text = try optionalText("the environment") else { return nil }
        return try EnvironmentName(text)
    }

    /// An environment and a service.
    mutating func service() throws(RPCError) -> ServiceID {
        ServiceID(environment: try environment(), service: try ServiceName(text("the service")))
    }

    /// A resource.
    mutating func resource() throws(RPCError) -> ResourceID {
        let text = try text("the resource")
        guard !text.isEmpty, text.utf8.count <= LeverURL.maximumResourceLength else {
            throw RPCError(.badMessage, "argument \(next) of \(method), the resource, should have 1 to 1024 bytes")
        }
        return ResourceID(text)
    }

    /// A whole number that may be left out.
    mutating func optionalInteger(_ what: String, in range: ClosedRange<Int>) throws(RPCError) -> Int? {
        guard let value = take() else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            throw wrong(what, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return number
    }

    /// A truth value; `false` where it is left out.
    mutating func flag(_ what: String) throws(RPCError) -> Bool {
        guard let value = take() else { return false }
        guard let flag = value.boolValue else { throw wrong(what, "true or false", value) }
        return flag
    }

    /// The members of an object that may be left out.
    mutating func options(_ known: Set<String>) throws(RPCError) -> AdminOptions {
        guard let value = take() else { return AdminOptions(method: method, members: LeverObject(), isGiven: false) }
        guard case .object(let members) = value else { throw wrong("the options", "an object", value) }
        for key in members.keys where !known.contains(key) {
            throw RPCError(
                .badMessage,
                "\(method) has no option \"\(key.prefix(64))\"; there are \(known.sorted().joined(separator: ", "))")
        }
        return AdminOptions(method: method, members: members, isGiven: true)
    }

    /// Says that these were all.
    ///
    /// - Throws: `RPCError` `badMessage` where there are more.
    func end() throws(RPCError) {
        guard values.count <= next else {
            throw RPCError(.badMessage, "\(method) takes at most \(next) arguments, not \(values.count)")
        }
    }

    private func wrong(_ what: String, _ rule: String, _ value: LeverValue) -> RPCError {
        RPCError(
            .badMessage, "argument \(next) of \(method), \(what), must be \(rule), not \(AdminOptions.shown(value))")
    }
}

/// The options of an administrative method.
struct AdminOptions {
    let method: MethodName
    let members: LeverObject
    /// Whether there is an object at all.
    let isGiven: Bool

    /// The member; `nil` where it is missing or `null`.
    private func value(_ key: String) -> LeverValue? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    /// A text.
    func text(_ key: String) throws(RPCError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.stringValue else { throw wrong(key, "a text", value) }
        return text
    }

    /// A truth value; `false` where it is left out.
    func flag(_ key: String) throws(RPCError) -> Bool {
        guard let value = value(key) else { return false }
        guard let flag = value.boolValue else { throw wrong(key, "true or false", value) }
        return flag
    }

    /// A whole number.
    func integer(_ key: String, in range: ClosedRange<Int>) throws(RPCError) -> Int? {
        guard let value = value(key) else { return nil }
        guard let number = value.intValue, range.contains(number) else {
            throw wrong(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return number
    }

    /// A number.
    func number(_ key: String, in range: ClosedRange<Double>) throws(RPCError) -> Double? {
        guard let value = value(key) else { return nil }
        guard case .number(let number) = value, range.contains(number) else {
            throw wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return number
    }

    private func wrong(_ key: String, _ rule: String, _ value: LeverValue) -> RPCError {
        RPCError(.badMessage, "the option \"\(key)\" of \(method) must be \(rule), not \(Self.shown(value))")
    }

    /// A value as messages show it.
    static func shown(_ value: LeverValue) -> String {
        switch value {
        case .number, .bool: value.json()
        case .string(let text): "\"\(text.prefix(64))\""
        default: value.kind
        }
    }
}
