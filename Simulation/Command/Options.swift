import HostSimulation

/// What the command line says.
struct Options {
    /// What is wrong with a command line.
    struct Mistake: Error {
        let text: String
    }

    var configuration = HostWorld.Configuration(seed: UInt64.random(in: 1...999_999_999))
    var seconds: Int?
    var isQuiet = false
    var wantsHelp = false

    init() {
        configuration.steps = 100_000
    }

    mutating func read(_ arguments: some Sequence<String>) throws(Mistake) {
        var rest = Array(arguments)[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--seed": configuration.seed = try number(argument, rest.popFirst(), UInt64.init, least: 0)
            case "--steps": configuration.steps = try number(argument, rest.popFirst(), Int.init, least: 1)
            case "--services": configuration.services = try number(argument, rest.popFirst(), Int.init, least: 1)
            case "--instances": configuration.instances = try number(argument, rest.popFirst(), Int.init, least: 1)
            case "--calm": configuration.isCalm = true
            case "--for": seconds = try number(argument, rest.popFirst(), Int.init, least: 1)
            case "--quiet": isQuiet = true
            case "--help", "-h": wantsHelp = true
            default: throw Mistake(text: "\"\(argument)\" is no option")
            }
        }
    }

    private func number<Value: Comparable>(
        _ option: String, _ text: String?, _ read: (String) -> Value?, least: Value
    ) throws(Mistake) -> Value {
        guard let text, let value = read(text), value >= least else {
            throw Mistake(
                text: "\(option) needs a number from \(least) on, not \(text.map { "\"\($0)\"" } ?? "nothing")")
        }
        return value
    }
}
