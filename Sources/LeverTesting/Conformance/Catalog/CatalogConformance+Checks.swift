import LeverCore

extension CatalogConformance {
    static let terms: [Check] = [
        Check("terms rise by one from 1") { catalog in
            for expected in 1...3 { try expect(try await catalog.raiseTerm(), is: expected, "term") }
        },
        Check("concurrent terms are all different") { catalog in
            let terms = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await catalog.raiseTerm() } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            try expect(terms, is: Set(1...20), "terms")
        },
    ]

    static let environments: [Check] = [
        Check("the default environment exists and cannot be removed") { catalog in
            try expect(try await catalog.environments(), is: [.default], "environments")
            try await expect(.conflict, naming: "dev.lever") {
                try await catalog.removeEnvironment(.default, force: true)
            }
            try expect(try await catalog.addEnvironment(.default), is: false, "added again")
        },
        Check("environments are added once, listed in order and removed") { catalog in
            let names = try ["z.example", "a.example", "a-b.example"].map { try EnvironmentName($0) }
            for name in names { try expect(try await catalog.addEnvironment(name), is: true, "added") }
            try expect(try await catalog.addEnvironment(names[0]), is: false, "added again")
            try expect(
                try await catalog.environments().map(\.rawValue),
                is: ["a-b.example", "a.example", "dev.lever", "z.example"], "environments")
            try await catalog.removeEnvironment(names[0], force: false)
            try expect(try await catalog.environments().contains(names[0]), is: false, "still there")
            try await expect(.noEnvironment, naming: "z.example") {
                try await catalog.removeEnvironment(names[0], force: true)
            }
        },
        Check("an environment with services goes only by force, and its services with it") { catalog in
            let (gone, kept) = (try service("hello", "x.example"), try service("hello"))
            for id in [gone, kept] { try await catalog.setLive(add(to: id, of: catalog), of: id) }
            try await expect(.conflict, naming: "1 service") {
                try await catalog.removeEnvironment(gone.environment, force: false)
            }
            try expect(try await catalog.services().count, is: 2, "services")
            try await catalog.removeEnvironment(gone.environment, force: true)
            try expect(try await catalog.services().map(\.id), is: [kept], "services")
            try expect(try await catalog.history(of: gone, limit: 9), is: [], "history")
            try expect(try await add(to: gone, of: catalog), is: 2, "the next version after the environment came back")
        },
    ]

    static let versions: [Check] = [
        Check("version numbers count for each service and are never used twice") { catalog in
            let (one, other) = (try service("one"), try service("other"))
            try expect(try await add(to: one, of: catalog), is: 1, "first")
            try expect(try await catalog.reserveVersion(one), is: 2, "reserved and never added")
            try expect(try await add(to: one, of: catalog), is: 3, "third")
            try expect(try await add(to: other, of: catalog), is: 1, "first of another service")
            try await catalog.removeService(one)
            try expect(try await add(to: one, of: catalog), is: 4, "after the service was removed")
        },
        Check("reserving makes no service") { catalog in
            let id = try service("hello", "new.example")
            _ = try await catalog.reserveVersion(id)
            try expect(try await catalog.service(id), is: nil, "service")
            try expect(try await catalog.services(), is: [], "services")
        },
        Check("records come back as they were given") { catalog in
            let id = try service("né 'x\" --".replacing(" ", with: "_"), "new.example")
            let number = try await catalog.reserveVersion(id)
            try await catalog.addVersion(version(number, of: id), to: id)
            let expected = ServiceRecord(id: id, liveVersion: nil, versions: [version(number, of: id)])
            try expect(try await catalog.service(id), is: expected, "service")
            try expect(try await catalog.services(), is: [expected], "services")
            try expect(try await catalog.environments().contains(id.environment), is: true, "environment exists")
        },
        Check("services are listed by environment and name, versions oldest first") { catalog in
            let ids = try [service("bbb", "b.example"), service("aaa", "b.example"), service("zzz", "a.example")]
            for id in ids {
                _ = try await (catalog.reserveVersion(id), catalog.reserveVersion(id))
                for number in [2, 1] { try await catalog.addVersion(version(number, of: id), to: id) }
            }
            let found = try await catalog.services()
            try expect(found.map(\.id), is: [ids[2], ids[1], ids[0]], "services")
            try expect(found.map { $0.versions.map(\.number) }, is: [[1, 2], [1, 2], [1, 2]], "versions")
        },
        Check("a number that was not reserved, or is taken, is refused") { catalog in
            let id = try service("hello")
            for number in [-1, 0, 1] {
                try await expect(.conflict, naming: "\(number)") {
                    try await catalog.addVersion(version(number, of: id), to: id)
                }
            }
            try expect(try await catalog.service(id), is: nil, "nothing has changed")
            try await add(to: id, of: catalog)
            try await expect(.conflict, naming: "exists") {
                try await catalog.addVersion(version(1, of: id, digest: "b"), to: id)
            }
            try expect(try await catalog.service(id)?.versions, is: [version(1, of: id)], "nothing has changed")
        },
    ]

    static let liveVersions: [Check] = [
        Check("a version becomes live and is noted, newest first") { catalog in
            let id = try service("hello")
            for _ in 1...3 { try await add(to: id, of: catalog) }
            try expect(try await catalog.service(id)?.liveVersion, is: nil, "live before")
            for number in [1, 3, 1] { try await catalog.setLive(number, of: id) }
            try expect(try await catalog.service(id)?.liveVersion, is: 1, "live")
            let history = try await catalog.history(of: id, limit: 10)
            try expect(history.map(\.version), is: [1, 3, 1], "history")
            try expect(history.allSatisfy { $0.liveSince > 0 }, is: true, "times")
            try expect(try await catalog.history(of: id, limit: 2).map(\.version), is: [1, 3], "limited history")
            try expect(try await catalog.history(of: id, limit: 0), is: [], "no history")
        },
        Check("what is live already is not noted again") { catalog in
            let id = try service("hello")
            try await add(to: id, of: catalog)
            for _ in 1...2 { try await catalog.setLive(1, of: id) }
            try expect(try await catalog.history(of: id, limit: 10).count, is: 1, "entries")
        },
        Check("only what exists becomes live") { catalog in
            let id = try service("hello")
            try await expect(.noService, naming: "hello") { try await catalog.setLive(1, of: id) }
            try await add(to: id, of: catalog)
            try await expect(.noVersion, naming: "2") { try await catalog.setLive(2, of: id) }
            try expect(try await catalog.service(id)?.liveVersion, is: nil, "live")
        },
    ]

    static let removals: [Check] = [
        Check("versions go, the live one does not, unknown ones are passed over") { catalog in
            let id = try service("hello")
            for _ in 1...3 { try await add(to: id, of: catalog) }
            try await catalog.setLive(2, of: id)
            try await expect(.conflict, naming: "2") { try await catalog.removeVersions([1, 2], of: id) }
            try expect(try await catalog.service(id)?.versions.map(\.number), is: [1, 2, 3], "nothing has changed")
            try await catalog.removeVersions([1, 3, 99], of: id)
            try expect(try await catalog.service(id)?.versions.map(\.number), is: [2], "versions")
            try await catalog.removeVersions([1], of: service("unknown"))
        },
        Check("the service goes with its last version") { catalog in
            let id = try service("hello")
            try await add(to: id, of: catalog)
            try await catalog.removeVersions([1], of: id)
            try expect(try await catalog.service(id), is: nil, "service")
            try expect(try await catalog.services(), is: [], "services")
            try expect(try await catalog.environments(), is: [.default], "environments")
        },
        Check("a service goes with its versions and its history") { catalog in
            let id = try service("hello")
            try await catalog.setLive(add(to: id, of: catalog), of: id)
            try await catalog.removeService(id)
            try expect(try await catalog.service(id), is: nil, "service")
            try expect(try await catalog.history(of: id, limit: 9), is: [], "history")
            try await expect(.noService, naming: "hello") { try await catalog.removeService(id) }
        },
        Check("a cancelled task's operations take place") { catalog in
            let id = try service("hello")
            try await add(to: id, of: catalog)
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await catalog.removeVersions([1], of: id)
            }
            try await task.value
            try expect(try await catalog.service(id), is: nil, "service")
        },
    ]
}
