import LeverCore
import Testing

@testable import ScalingSimulation

@Suite("Recorded loads and the table")
struct TraceTests {
    @Test("reads arrivals, durations and channels, from the first arrival on")
    func reads() throws {
        let load = try Load(
            name: "t", trace: "arrival,duration,kind\r\n# note\n100.5,2\n\n100,0.25,call\n103.75, 60 ,channel\n")
        #expect(
            load.calls == [
                .init(at: 0, duration: 0.25), .init(at: 0.5, duration: 2),
                .init(at: 3.75, duration: 60, isChannel: true),
            ])
        #expect(load.length == 4)
    }

    @Test(
        "refuses what is no trace, naming the line",
        arguments: [
            ("arrival,duration\n1,2\nx,3\n", "line 3"), ("1\n", "line 1"), ("1,-2", "line 1"), ("1,nan", "line 1"),
            ("1,2,stream", "line 1"), ("1,2\n3,inf", "line 2"), ("", "no calls"), ("arrival,duration\n", "no calls"),
            ("0,1\n1e7,1", "at most"), ("1,2,call,4", "line 1"),
        ])
    func refuses(trace: String, reason: String) {
        let error = #expect(throws: RuntimeError.self) { try Load(name: "t", trace: trace) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("the table says where the first policy is not better")
    func table() {
        func outcome(_ policy: String, _ over: Int, _ spent: Double) -> Outcome {
            Outcome(load: "l", policy: policy, secondsOverTarget: over, instanceSeconds: spent, starts: 3, wait99: 0.25)
        }
        let lines = Table([[outcome("a", 5, 100), outcome("b", 5, 100), outcome("c", 4, 90), outcome("d", 10, 99.5)]])
            .markdown
        #expect(
            lines[2] == "| l | 5 / 100 / 3 / 250 | 5 / 100 / 3 / 250 | 4 / 90 / 3 / 250 | 10 / 100 / 3 / 250 | "
                + "c: seconds over, instance-s; d: instance-s |")
        #expect(lines[4] == "| **first ÷ this** | 1.0 / 1.0 | 1.0 / 1.0 | 1.25 / 1.11 | 0.5 / 1.01 | |")
        #expect(Table([]).markdown.isEmpty)
    }
}
