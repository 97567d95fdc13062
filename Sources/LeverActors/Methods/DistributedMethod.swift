/// A distributed method of an actor type that can be called by its name.
struct DistributedMethod: Sendable {
    /// The name without labels, which is the method's name in addresses: `say` of `say(_:)`.
    var name: String
    /// What executes it: its mangled name.
    var identifier: String
    /// The parameters as messages name them, for example `text: String`.
    var parameters: [String]
    /// Whether the types of its parameters are left to the caller.
    var isGeneric: Bool

    /// The distributed methods of a type, wherever in the program they are declared.
    static func all(
        of type: Any.Type, in functions: [AccessibleFunction] = AccessibleFunction.all
    ) -> [DistributedMethod] {
        let prefix = plain(String(reflecting: type)) + "."
        return functions.compactMap { function in
            let text = plain(function.text)
            guard text.hasPrefix(prefix) else { return nil }
            let declaration = text.dropFirst(prefix.count)
            guard let end = declaration.firstIndex(where: { $0 == "(" || $0 == "<" }) else { return nil }
            let name = declaration[..<end]
            // One of a type within the type.
            guard !name.contains(".") else { return nil }
            return DistributedMethod(
                name: String(name), identifier: function.identifier,
                parameters: ParameterText.list(declaration[end...]), isGeneric: function.isGeneric)
        }
    }

    /// A name as both the demangler and `String(reflecting:)` write it: a private type is `module.(Name in _0123)` for the one
    /// and `module.(unknown context at $0123).Name` for the other; here it is `module.Name`.
    private static func plain(_ text: String) -> String {
        guard text.contains(" in _") || text.contains("(unknown context") else { return text }
        return text.replacing(#/\((\w+) in _[0-9A-F]+\)/#) { $0.1 }
            .replacing(#/\(unknown context at \$[0-9a-f]+\)\./#, with: "")
    }
}

/// Reads the parameters in a demangled declaration.
enum ParameterText {
    /// The parameters of `(name: Swift.String, _: Swift.Int) async throws -> …`, types without their modules.
    static func list(_ declaration: Substring) -> [String] {
        guard let open = declaration.firstIndex(of: "(") else { return [] }
        var parameters: [String] = []
        var current = ""
        var depth = 0
        var last: Character = " "
        for character in declaration[declaration.index(after: open)...] {
            switch character {
            case "(", "[", "<": depth += 1
            case ")" where depth == 0:
                if !current.isEmpty { parameters.append(readable(current)) }
                return parameters
            case ">" where last == "-": break
            case ")", "]", ">": depth -= 1
            case "," where depth == 0:
                parameters.append(readable(current))
                current = ""
                last = character
                continue
            default: break
            }
            current.append(character)
            last = character
        }
        return parameters
    }

    private static func readable(_ parameter: String) -> String {
        var text = parameter.replacing(#/(?:\w+\.)+(?=\w)/#, with: "").trimmingPrefix(" ")[...]
        if text.hasPrefix("_: ") { text = text.dropFirst(3) }
        let label = text.prefixMatch(of: #/\w+: /#)?.output ?? ""
        let type = text.dropFirst(label.count)
        guard type.hasPrefix("Optional<"), type.hasSuffix(">") else { return String(text) }
        return label + type.dropFirst("Optional<".count).dropLast() + "?"
    }
}
