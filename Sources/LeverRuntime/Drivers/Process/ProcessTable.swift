/// What is known of one process of this machine.
struct ProcessRecord: Equatable {
    /// Its id.
    var pid: Int32
    /// The id of the process that it belongs to; 1 where that has ended.
    var parent: Int32
    /// Its process group.
    var group: Int32
    /// Its session.
    var session: Int32
    /// When it was started, in the system's own unit: tells it from a later process with the same id.
    var startTime: UInt64
    /// Whether it has ended and only waits for its parent to notice.
    var isZombie: Bool
    /// How long it has used processors; `nil` where that is not known.
    var processorTime: Duration?
    /// `LEVEROS_RUN_ID` of the environment that it was started with.
    var run: String?
    /// `LEVEROS_INSTANCE_ID` of the environment that it was started with.
    var instance: String?
}

/// The processes of this machine at one moment, those of other users without their environment.
struct ProcessTable {
    var processes: [ProcessRecord]

    /// The living processes that an instance consists of, without its first process: those that have its run and id in their
    /// environment, are in its session or group, or descend from one of these. So a child is found that left the group,
    /// and one that cleared its environment; only a process that did both and whose parent has ended is not.
    func others(ofInstance instance: String, run: String, leader: Int32) -> [ProcessRecord] {
        members(leader: leader) { $0.run == run && $0.instance == instance }
            .filter { $0.pid != leader && !$0.isZombie }
    }

    /// The living processes of all runs whose name satisfies the condition, with their sessions, groups and descendants.
    func processes(ofRuns isMatching: (String) -> Bool) -> [ProcessRecord] {
        members(leader: nil) { $0.run.map(isMatching) ?? false }.filter { !$0.isZombie }
    }

    private func members(leader: Int32?, _ isMember: (ProcessRecord) -> Bool) -> [ProcessRecord] {
        var pids: Set<Int32> = []
        if let leader { pids.insert(leader) }
        for process in processes where isMember(process) { pids.insert(process.pid) }
        // Each turn adds a generation; a tree has at most as many as there are processes.
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for process in processes where !pids.contains(process.pid) {
                // A session or group with the number of one of its processes was made by that.
                let belongs =
                    pids.contains(process.parent) || pids.contains(process.session) || pids.contains(process.group)
                guard belongs else { continue }
                pids.insert(process.pid)
                isGrowing = true
            }
        }
        return processes.filter { pids.contains($0.pid) }
    }
}
