import LeverClient
import LeverCore
import LeverRuntime
import Testing

@Suite("Deploying and upgrading", .timeLimit(.minutes(2))) struct UpgradeTests {
    @Test func upgradesUnderCallsFailNone() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let calls = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var last = 1
                        while last < 5 {
                            let answer = try await host.call("Slow", .number(Double.random(in: 0...20)))
                            let version = try #require(answer.stringValue.flatMap { Int($0) })
                            #expect(version >= last, "an old version answered after a new one")
                            last = max(last, version)
                            calls.change { $0 += 1 }
                        }
                    }
                }
                for version in 2...5 {
                    #expect(try await host.deploy(Scripts.hello("\(version)")) == version)
                }
                try await group.waitForAll()
            }
            #expect(calls.value > 10)
        }
    }

    @Test func channelOutlivesTheUpgrade() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let channel = try await host.client.service("dev.lever", "hello").channel("EchoChan")
            try await channel.send("before")
            #expect(try await channel.receive(as: String.self) == "before")
            _ = try await host.deploy(Scripts.hello("2"))
            #expect(try await host.call("Version") == "2")
            try await channel.send("after")
            #expect(try await channel.receive(as: String.self) == "after")
            try await channel.finish()
            #expect(try await channel.receive() == nil)
        }
    }

    @Test func versionThatDoesNotStartLeavesTheOldOne() async throws {
        try await EmbeddedHost.with { host in
            _ = try await host.deploy(Scripts.hello("1"))
            let broken = try ServiceFolder(name: "hello", "this is no JavaScript at all")
            let error = await #expect(throws: RemoteError.self) {
                _ = try await host.client.deploy(broken.path, to: .default)
            }
            let text = error?.value?.stringValue ?? ""
            #expect(text.contains("version 2") && text.contains("SyntaxError"), "\(text)")
            #expect(try await host.call("Version") == "1")
            // Its number is used up, its files are gone.
            #expect(try await host.deploy(Scripts.hello("3")) == 3)
            let services = try await host.client.call(
                LeverURL("lever://admin.lever/admin/ListServices"), .values(["dev.lever"]))
            guard case .result(let list) = services else {
                Issue.record("ListServices answered \(services)")
                return
            }
            #expect(list[0]?["version"] == 3)
            #expect(list[0]?["versions"] == [1, 3])
        }
    }

    @Test func deploymentTellsItsPhases() async throws {
        try await EmbeddedHost.with { host in
            let phases = Shared<[String]>([])
            let folder = try ServiceFolder(name: "hello", Scripts.hello("1"), manifest: ["nmae": "x"])
            let live = try await host.client.deploy(folder.path, to: try EnvironmentName("shop.example.com")) { event in
                phases.change { phases in
                    switch event {
                    case .phase(let phase, _): phases.append(phase)
                    case .warning(let text): phases.append(text.contains("nmae") ? "warning" : text)
                    case .uploading, .uploaded: break
                    }
                }
            }
            #expect(phases.value == ["received", "warning", "unpacked", "starting", "ready"])
            #expect(live.url == "lever://shop.example.com/hello")
            #expect(live.version == 1)
        }
    }

    @Test func oldClientsHearNothingButTheEnd() async throws {
        try await EmbeddedHost.with { host in
            let package = try await ServiceFolder(name: "hello", Scripts.hello("1")).package()
            #expect(try await host.deploy(package: package, chunk: 100) == nil)
            #expect(try await host.call("SayHello", "Go") == "Hello, Go!")
        }
    }

    @Test func whatIsNoPackageIsRefusedAndTheHostGoesOn() async throws {
        try await EmbeddedHost.with({ $0.uploads.limits.packageBytes = 200_000 }) { host in
            let good = try await ServiceFolder(name: "hello", Scripts.hello("1")).package()
            let bad: [(String, [UInt8], String)] = [
                ("nothing", [], "empty"),
                ("no gzip", Array("hello, is this a package?".utf8), ""),
                ("cut off", Array(good.prefix(good.count / 2)), ""),
                ("too large", [UInt8](repeating: 7, count: 300_000), "200000"),
                ("no manifest", try await ServiceFolder(["x.txt": "x"]).package(), "lever.json"),
                ("no JSON", try await ServiceFolder(["lever.json": "{name: 1}"]).package(), "JSON"),
                ("no name", try await ServiceFolder(["lever.json": "{}"]).package(), "name"),
                (
                    "both entries",
                    try await ServiceFolder(["lever.json": #"{"name":"abc","entry":["a"],"jsEntry":"b"}"#]).package(),
                    "jsEntry"
                ),
                ("no program", try await ServiceFolder(["lever.json": #"{"name":"abc"}"#]).package(), "serve"),
            ]
            for (name, package, word) in bad {
                let error = try await host.deploy(package: package)
                #expect(error != nil, "\(name) was taken")
                #expect(error?.contains(word) == true, "\(name): \(error ?? "")")
            }
            for environment: LeverValue in ["not a host!", "admin.lever", 7, .null] {
                #expect(try await host.deploy(package: good, to: environment) != nil)
            }
            #expect(try await host.deploy(package: good) == nil)
            #expect(try await host.call("Version") == "1")
        }
    }

    @Test func packagesCannotLeaveTheirDirectory() async throws {
        let script = """
            import io, sys, tarfile
            kind = sys.argv[1]
            out = tarfile.open(fileobj=sys.stdout.buffer, mode="w:gz")
            def add(name, data=b"x", **fields):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                for key, value in fields.items(): setattr(info, key, value)
                out.addfile(info, io.BytesIO(data) if info.isfile() else None)
            add("lever.json", b'{"name": "evil", "entry": ["./x"]}')
            if kind == "dots": add("../escaped")
            if kind == "deep": add("a/../../escaped")
            if kind == "absolute": add("/tmp/lever-escaped")
            if kind == "link":
                add("out", b"", type=tarfile.SYMTYPE, linkname="/tmp")
                add("out/lever-escaped")
            if kind == "hard": add("out", b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")
            if kind == "device": add("null", b"", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
            if kind == "fifo": add("pipe", b"", type=tarfile.FIFOTYPE)
            out.close()
            """
        try await EmbeddedHost.with { host in
            for kind in ["dots", "deep", "absolute", "link", "hard", "device", "fifo"] {
                let folder = try ServiceFolder(["make.py": script])
                let made = try await Command.run(
                    "sh", ["-c", "python3 make.py \(kind) > evil.tar.gz"], in: folder.path)
                #expect(made.status == 0, "\(made.error)")
                let package = try bytes(of: "\(folder.path)/evil.tar.gz")
                let error = try await host.deploy(package: package)
                #expect(error != nil, "\(kind) was taken")
                #expect(
                    error?.contains("did not become ready") == false, "\(kind) was unpacked and started: \(error ?? "")"
                )
            }
            #expect(!exists("/tmp/lever-escaped"))
        }
    }

    @Test func laterUploadWinsAndTheEarlierIsTold() async throws {
        try await EmbeddedHost.with { host in
            // The first one hangs at its start.
            let slow = try await ServiceFolder(name: "hello", "while (Date.now() < \(Int.max)) {}").package()
            let quick = try await ServiceFolder(name: "hello", Scripts.hello("2")).package()
            try await withThrowingTaskGroup(of: String?.self) { group in
                group.addTask { try await host.deploy(package: slow) }
                try await wait("the first one starts") {
                    let services = try? await host.client.call(
                        LeverURL("lever://admin.lever/admin/Version"), .values([]))
                    return services != nil
                }
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await host.deploy(package: quick) == nil)
                let first = try await group.next() ?? nil
                #expect(first?.contains("later deployment") == true, "\(first ?? "it went live")")
            }
            #expect(try await host.call("Version") == "2")
        }
    }

    @Test func oldVersionsAreRemovedBeyondThoseToKeep() async throws {
        let data = try ServiceFolder()
        try await EmbeddedHost.with(data: data.path, { $0.uploads.keptVersions = 1 }) { host in
            for version in 1...4 { _ = try await host.deploy(Scripts.hello("\(version)")) }
            #expect(try await host.call("Version") == "4")
            #expect(!exists("\(data.path)/code/dev.lever/hello/2"))
            #expect(exists("\(data.path)/code/dev.lever/hello/3"))
        }
    }
}
