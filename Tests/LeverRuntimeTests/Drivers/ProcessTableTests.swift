import Testing

@testable import LeverRuntime

@Suite struct ProcessTableTests {
    private func record(
        _ pid: Int32, parent: Int32 = 1, group: Int32? = nil, session: Int32? = nil,
        isZombie: Bool = false,
        run: String? = nil, instance: String? = nil
    ) -> ProcessRecord {
        ProcessRecord(
            pid: pid, parent: parent, group: group ?? pid, session: session ?? pid, startTime: 1,
            isZombie: isZombie,
            run: run, instance: instance)
    }

    @Test func instanceIsItsEnvironmentItsSessionItsGroupAndTheirDescendants() {
        let table = ProcessTable(processes: [
            record(100, parent: 50, run: "r", instance: "i"),
            record(101, session: 100), record(102, group: 100),
            record(103, run: "r", instance: "i"),
            record(104, parent: 105), record(105, parent: 103),
            record(106, parent: 100, isZombie: true),
            record(107, run: "other", instance: "i"), record(108, run: "r", instance: "j"),
            record(109, instance: "i"),
            record(50), record(110, parent: 50), record(111, session: 103), record(112, session: 50),
        ])
        #expect(
            table.others(ofInstance: "i", run: "r", leader: 100).map(\.pid) == [101, 102, 103, 104, 105, 111])
        #expect(table.processes { $0 == "r" }.map(\.pid) == [100, 101, 102, 103, 104, 105, 108, 111])
    }
}
