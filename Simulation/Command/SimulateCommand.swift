import HostSimulation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Simulates hosts from seeds and says which guarantee did not hold, if one did not.
@main
struct SimulateCommand {
    private static let help = """
        Simulates whole hosts in a virtual time and checks the guarantees after every step.

        USAGE: simulate [--seed N] [--steps N] [--services N] [--instances N] [--calm] [--for SECONDS] [--quiet]

          --seed N        where chance begins (default: another one each time)
          --steps N       steps before the host comes to rest (default: 100000)
          --services N    services of the host (default: 4)
          --instances N   instances that all services may have together (default: 40)
          --calm          nothing fails: then no call may either
          --for SECONDS   one seed after the other, rough and calm by turns, of different sizes, for that long
          --quiet         prints failures only

        Ends with 1 where a guarantee did not hold, with the seed and the last steps before it.
        """

    static func main() {
        var options = Options()
        do {
            try options.read(CommandLine.arguments.dropFirst())
        } catch {
            print("simulate: \(error.text)\n\n\(help)")
            exit(64)
        }
        if options.wantsHelp {
            print(help)
            return
        }
        let hasFailed = options.seconds.map { run(options, for: $0) } ?? !run(options.configuration, options)
        exit(hasFailed ? 1 : 0)
    }

    /// Runs one world; `false` where a guarantee did not hold.
    private static func run(_ configuration: HostWorld.Configuration, _ options: Options) -> Bool {
        let outcome = HostWorld(configuration).run()
        if let fault = outcome.fault {
            outcome.trail.forEach { print($0) }
            print("\nFAILED \(fault)")
            let calm = configuration.isCalm ? " --calm" : ""
            print(
                "again: simulate --seed \(configuration.seed) --steps \(configuration.steps) --services "
                    + "\(configuration.services) --instances \(configuration.instances)\(calm)")
            return false
        }
        guard !options.isQuiet else { return true }
        print(
            "seed \(configuration.seed): all guarantees held for \(outcome.steps) steps, \(outcome.time) and at most "
                + "\(outcome.mostInstances) instances at once")
        guard options.seconds == nil else { return true }
        for (what, count) in outcome.counts.sorted(by: { $0.key < $1.key }) { print("  \(what): \(count)") }
        return true
    }

    /// Runs seed after seed; `true` where one of them failed.
    private static func run(_ options: Options, for seconds: Int) -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        var configuration = options.configuration
        var failed = 0
        var runs = 0
        let sizes = [(1, 4), (2, 12), (4, 40), (8, 200), (20, 1_000)]
        while ContinuousClock.now < end {
            (configuration.services, configuration.instances) = sizes[runs % sizes.count]
            configuration.isCalm = runs % 4 == 3
            if !run(configuration, options) { failed += 1 }
            runs += 1
            configuration.seed &+= 1
        }
        print("\(runs) seeds from \(options.configuration.seed), \(failed) failed")
        return failed > 0
    }
}
