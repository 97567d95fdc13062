import LeverClient
import LeverCore
import LeverRuntime
import Testing

/// Channels on which nobody says anything.
@Suite("Faults: idle channels", .timeLimit(.minutes(5)))
struct IdleChannelTests {
    @Test(arguments: TestDriver.all) func theyOutliveTheTimeAfterWhichIdleInstancesEnd(driver: TestDriver) async throws
    {
        try driver.require()
        try await EmbeddedHost.with(
            driver: driver,
            {
                // The host asks the instance for a sign of life over the connection on which the channels are.
                $0.instances.heartbeatInterval = .milliseconds(20)
                $0.scaling.idleTimeout = .milliseconds(500)
                $0.scaling.interval = .milliseconds(50)
            }
        ) { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let outside = try await host.network.service("dev.lever", "hello").channel("EchoChan")
            let inside = try await host.client.service("dev.lever", "hello").channel("EchoChan")
            for channel in [outside, inside] {
                try await channel.send("before")
                #expect(try await channel.receive(as: String.self) == "before")
            }
            // An instance that has nothing to do, begun later, comes and goes meanwhile.
            _ = try await host.deploy(Scripts.hello("1"), name: "other")
            _ = try await host.client.call(LeverURL("lever://dev.lever/other/Pid"), .values([]))
            let other = try ServiceID(environment: .default, service: ServiceName("other"))
            try await wait("the other service has no instance") {
                try await host.client.admin().instances(of: other).isEmpty
            }
            for channel in [outside, inside] {
                try await channel.send("after")
                #expect(try await channel.receive(as: String.self) == "after")
                try await channel.finish()
                #expect(try await channel.receive() == nil)
            }
        }
    }
}
