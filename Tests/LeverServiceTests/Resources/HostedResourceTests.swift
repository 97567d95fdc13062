import LeverClient
import LeverCore
import LeverService
import LeverTesting
import Testing

/// Resources with state as a host moves them about.
@Suite struct HostedResourceTests {
    private actor Account {
        private let name: String
        private let journal: Journal
        private var balance = 0

        init(_ name: String, _ journal: Journal) {
            self.name = name
            self.journal = journal
        }

        func add(_ amount: Int) -> Int {
            balance += amount
            return balance
        }

        func save() { journal.add("saved \(name) with \(balance)") }
    }

    private func accounts(_ journal: Journal, _ clock: TestClock) -> ServiceDefinition {
        ServiceDefinition {
            ResourceService { (resource: ResourceContext) in
                journal.add("opened \(resource.name)")
                return Account(resource.name, journal)
            } closing: { account in
                try await clock.sleep(for: .seconds(2))
                await account.save()
            } methods: {
                ResourceMethod("Add") { (account: Account, amount: Int, seconds: Int) in
                    try await clock.sleep(for: .seconds(seconds))
                    return await account.add(amount)
                }
            }
        }
    }

    @Test func theNextStateOpensWhenTheLastIsSaved() async throws {
        try await withTestHost { host in
            let journal = Journal()
            let service = accounts(journal, host.clock)
            try await host.deploy(service, as: "bank")
            let account = try host.client.service("bank").resource("a")
            let slow = host.task { try await account.invoke("Add", 5, 3, as: Int.self) }
            await host.settle()
            try await host.deploy(service, as: "bank")
            await host.advance(by: .seconds(4))
            #expect(try await slow.value == 5)
            // The old one is being saved: a call waits for the new one.
            let next = host.task { try await account.invoke("Add", 1, 0, as: Int.self) }
            await host.settle()
            #expect(host.waitingCalls(of: "bank") == 1)
            #expect(journal.all == ["opened a"])
            await host.advance(by: .seconds(1))
            #expect(try await next.value == 1)
            #expect(journal.all == ["opened a", "saved a with 5", "opened a"])
        }
    }

    @Test func whatIsNotUsedIsSavedAndComesBack() async throws {
        try await withTestHost { host in
            let journal = Journal()
            try await host.deploy(accounts(journal, host.clock), as: "bank")
            let account = try host.client.service("bank").resource("a")
            #expect(try await account.invoke("Add", 7, 0, as: Int.self) == 7)
            try await host.advance { journal.all.contains("saved a with 7") }
            #expect(try await account.invoke("Add", 1, 0, as: Int.self) == 1)
        }
    }
}
