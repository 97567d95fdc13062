import LeverCore
import LeverTesting
import Testing

@testable import LeverRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension HostCrashTests {
    /// Instances that have ended leave no descriptor, no zombie and no file.
    @Test func twoHundredInstancesLeaveNothing() async throws {
        try await DriverFixture.runProcess { fixture in
            func round() async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<20 {
                        group.addTask {
                            let instance = try await fixture.startShell("echo $LEVEROS_LISTEN; exit \(index)")
                            #expect(await instance.exit() == .code(index))
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await round()
            let before = pipes()
            for _ in 0..<10 { try await round() }
            // Other tests run in this process at the same time, and have pipes of their own.
            #expect(try await eventually { pipes() <= before + 60 })
            #expect(children() < 100)
        }
    }

    private func pipes() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return -1 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }

    private func children() -> Int {
        ProcessTable.read().processes.filter { $0.parent == getpid() && $0.isZombie }.count
    }
}
