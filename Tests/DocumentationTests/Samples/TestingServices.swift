import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

// docs/testing.md and the catalogue of LeverTesting. The tests run.

enum Chat {
    actor Room {
        private var messages: [String] = []

        func say(_ text: String) -> Int {
            messages.append(text)
            return messages.count
        }
    }

    @ServiceBuilder static var service: ServiceDefinition {
        Method("SayHello") { (name: String) in "Hello, \(name)!" }
        ResourceService { _ in
            Room()
        } methods: {
            ResourceMethod("Say") { (room, text: String) in await room.say(text) }
        }
    }
}

@Test func roomsRememberWhatWasSaid() async throws {
    try await withTestHost { host in
        try await host.deploy(Chat.service, as: "dev.lever/chat")
        let lobby = try host.client.service("dev.lever", "chat").resource("lobby")
        #expect(try await lobby.invoke("Say", "hi", as: Int.self) == 1)
        #expect(try await lobby.invoke("Say", "there", as: Int.self) == 2)
    }
}

@Test func theLobbyOutlivesAnInstance() async throws {
    try await withTestHost(seed: 7) { host in
        try await host.deploy(Chat.service, as: "dev.lever/chat", maxInstances: 4)
        let lobby = try host.client.service("dev.lever", "chat").resource("lobby")
        try await lobby.invoke("Say", "hi")
        host.crash(host.instances("chat")[0])
        try await lobby.invoke("Say", "still there?")
        #expect(host.epochs(of: "lobby", in: "chat").count == 2)
    }
}

struct Reports {
    let clock: any Clock<Duration>

    @ServiceBuilder var service: ServiceDefinition {
        LeverMethod("Build") { (month: String) in
            try await clock.sleep(for: .seconds(60))
            return month
        }
    }
}

@Test(.timeLimit(.minutes(5))) func reportsTakeAMinute() async throws {
    try await withTestHost { host in
        try await host.deploy(Reports(clock: host.clock).service, as: "reports")
        let reports = try host.client.service("reports")
        let month = "May"

        let late = host.task { try await reports.invoke("Build", month) }  // takes a minute of host.clock
        await host.advance(by: .seconds(59))
        #expect(host.instances("reports").first?.calls == 1)
        await host.advance(by: .seconds(1))
        try await late.value

        try await host.advance { host.instances("reports").isEmpty }  // scaled to zero, some minutes later
    }
}

@Test func faultsAreWhatTheySay() async throws {
    try await withTestHost { host in
        try await host.deploy(Chat.service, as: "chat", minInstances: 2)
        let lobby = try host.client.service("chat").resource("lobby")
        try await lobby.invoke("Say", "hi")
        let instance = host.instances("chat")[1]

        host.pause(instance); host.resume(instance)  // kill -STOP
        host.partition(instance); host.heal(instance)  // it runs, but nothing comes in or goes out
        try host.slowStart("chat", .seconds(3))
        try host.failStarts(of: "chat", times: 2)
        try await host.move("lobby", of: "chat")
        try host.failNewResource(of: "chat", resource: "lobby")

        host.crash(instance)  // kill -9: calls in progress fail, resources are free
    }
}

@Test func slowStartsTakeVirtualTime() async throws {
    try await withTestHost { host in
        try await host.deploy(Chat.service, as: "chat")
        let chat = try host.client.service("chat")
        try await host.advance { host.instances("chat").isEmpty }

        try host.slowStart("chat", .seconds(3))
        let reply = host.task { try await chat.invoke("SayHello", "you", as: String.self) }
        await host.advance(by: .seconds(3))
        #expect(try await reply.value == "Hello, you!")
    }
}

struct Reminders {
    var clock: any Clock<Duration> = ContinuousClock()
    @ServiceBuilder var service: ServiceDefinition {
        LeverMethod("Wait") { try await clock.sleep(for: .seconds(60)) }
    }
}

@Test func remindersTakeTheHostsTime() async throws {
    try await withTestHost { host in
        try await host.deploy(Reminders(clock: host.clock).service, as: "reminders")

        let reminders = try host.client.service("reminders")
        try await host.advancing { try await reminders.invoke("Wait") }
    }
}

@Test(arguments: 1...50 as ClosedRange<UInt64>)
func keepsItsBalance(seed: UInt64) async throws {
    try await withTestHost(seed: seed) { host in
        try await host.deploy(Chat.service, as: "chat", maxInstances: 3)
        let lobby = try host.client.service("chat").resource("lobby")
        #expect(try await lobby.invoke("Say", "\(seed)", as: Int.self) == 1)
    }
}

@Test(arguments: ScalingPolicyConformance.checks)
func policyKeepsTheContract(check: ConformanceCheck<any ScalingPolicy>) async throws {
    try await check.run(on: OnePerChannel())
}
