import Foundation
import LeverCore
import ScalingSimulation

/// Simulates the default policy of scaling beside its peers and prints what each made of each load.
///
/// Options: `--seed <number>`, `--start-time <seconds>` of an instance, `--max-instance-load <load>`; other arguments are traces.
@main
struct ScalingBenchmark {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            FileHandle.standardError.write(Data("benchmark-scaling: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        var parameters = Simulation.Parameters()
        var traces: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--seed": parameters.seed = try value(argument, rest.popFirst(), UInt64.init)
            case "--start-time": parameters.startTime = try value(argument, rest.popFirst(), positive)
            case "--max-instance-load":
                parameters.bounds.maxInstanceLoad = try value(argument, rest.popFirst(), positive)
            case _ where argument.hasPrefix("-"): throw RuntimeError(.invalidInput, "\(argument) is no option")
            default: traces.append(argument)
            }
        }
        let recorded = try traces.map { path in
            try Load(
                name: URL(fileURLWithPath: path).lastPathComponent, trace: String(contentsOfFile: path, encoding: .utf8)
            )
        }
        let policies: [any SimulatedPolicy] = [
            DefaultPolicy(), LegacyPolicy(), WindowPolicy(name: "knative", utilization: 0.7),
            WindowPolicy(name: "knative at 100 %", utilization: 1),
        ]
        print("seed \(parameters.seed), instances start in \(parameters.startTime) s ± 25 %,")
        print(
            "maxInstanceLoad \(parameters.bounds.maxInstanceLoad), at most \(parameters.bounds.maxInstances) instances")
        print("cells: seconds over target / instance-seconds / cold starts / 99th percentile of the wait in ms\n")
        let loads = Load.synthetic(seed: parameters.seed) + recorded
        let rows = loads.map { load in policies.map { Simulation.run(load, $0, parameters) } }
        Table(rows).markdown.forEach { print($0) }
    }

    private static func positive(_ text: String) -> Double? {
        Double(text).flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }

    private static func value<Value>(_ option: String, _ text: String?, _ read: (String) -> Value?) throws -> Value {
        guard let text, let value = read(text) else {
            throw RuntimeError(.invalidInput, "\(option) needs a number, not \(text ?? "nothing")")
        }
        return value
    }
}
