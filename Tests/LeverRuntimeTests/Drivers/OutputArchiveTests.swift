import LeverCore
import NIOCore
import NIOPosix
import Testing

@testable import LeverRuntime

@Suite("Output of instances that have ended") struct OutputArchiveTests {
    private func id(_ name: String) -> ServiceID {
        ServiceID(environment: .default, service: try! ServiceName(name))  // Good literals.
    }

    private func archive(perService: Int, _ ended: Int) -> (OutputArchive, MultiThreadedEventLoopGroup) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        return (OutputArchive(ServerDriver(group), endedPerService: perService, ended: ended), group)
    }

    private func names(_ archive: OutputArchive, _ service: String) -> [String] {
        archive.outputs(of: id(service)).map(\.instance.rawValue)
    }

    private func keep(_ archive: OutputArchive, _ service: String, _ names: String..., ended: Bool = true) {
        for name in names {
            let log = OutputLog()
            archive.keep(log, of: InstanceID(name), id(service))
            if ended { log.end() }
        }
    }

    @Test func theLastOfThoseThatEndedAreRememberedAndAllThatRun() async throws {
        let (archive, group) = archive(perService: 2, 100)
        keep(archive, "hello", "running", ended: false)
        keep(archive, "hello", "1", "2", "3", "4")
        keep(archive, "hello", "new", ended: false)
        #expect(names(archive, "hello") == ["running", "3", "4", "new"])
        #expect(names(archive, "other") == [])
        try await archive.forget(id("hello"))
        #expect(names(archive, "hello") == [])
        try await group.shutdownGracefully()
    }

    @Test func thereIsABoundForAllServices() async throws {
        let (archive, group) = archive(perService: 5, 6)
        keep(archive, "one", "1", "2", "3")
        keep(archive, "one", "running", ended: false)
        keep(archive, "two", "1", "2", "3")
        keep(archive, "three", "1", "2")
        let ended = ["one", "two", "three"].flatMap { archive.outputs(of: id($0)) }.count { $0.log.hasEnded }
        #expect(ended <= 6)
        #expect(names(archive, "one").contains("running"))
        #expect(names(archive, "three") == ["1", "2"])
        try await group.shutdownGracefully()
    }

    @Test func itIsTheDriverThatItWasGiven() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let driver = ServerDriver(group)
        driver[1].output = ["hello"]
        driver[2].startError = RuntimeError(.driver, "there is no such program")
        let archive = OutputArchive(driver)
        try await archive.prepare()
        #expect(archive.name == "server")
        func specification(_ version: Int) -> InstanceSpecification {
            InstanceSpecification(
                id: InstanceID("hello-\(version)"), service: id("hello"), version: version, codeDirectory: "/",
                manifest: Manifest(name: id("hello").service))
        }
        let instance = try await archive.start(specification(1))
        #expect(archive.outputs(of: id("hello")).first?.log === instance.output)
        await #expect(throws: RuntimeError.self) { try await archive.start(specification(2)) }
        #expect(names(archive, "hello") == ["hello-1"])
        #expect(!archive.outputs(of: id("hello"))[0].log.hasEnded)
        await archive.shutdown()
        #expect(archive.outputs(of: id("hello"))[0].log.hasEnded)
        try await group.shutdownGracefully()
    }
}
