import LeverCore
import Testing

@testable import LeverDocker

@Suite("Images")
struct ImageTests {
    @Test(
        "references",
        arguments: [
            ("node", "node", "latest", "node:latest"),
            ("node:22", "node", "22", "node:22"),
            (
                "registry.example.com:5000/team/node", "registry.example.com:5000/team/node", "latest",
                "registry.example.com:5000/team/node:latest"
            ),
            (
                "registry.example.com:5000/node:22", "registry.example.com:5000/node", "22",
                "registry.example.com:5000/node:22"
            ),
            ("node@sha256:abc", "node", "sha256:abc", "node@sha256:abc"),
        ])
    func references(text: String, name: String, tag: String, description: String) {
        let reference = ImageReference(text)
        #expect(reference.name == name)
        #expect(reference.tag == tag)
        #expect(reference.description == description)
    }

    @Test("of an engine's many lines few are for people")
    func progress() {
        var progress = PullProgress(ImageReference("node:22"), interval: .seconds(1))
        let start = ContinuousClock.now
        func line(_ id: String, _ current: Double, _ total: Double) -> LeverValue {
            [
                "status": "Downloading", "id": .string(id),
                "progressDetail": ["current": .number(current), "total": .number(total)],
            ]
        }
        #expect(progress.take(["status": "Pulling fs layer", "id": "a"], at: start) == nil)
        #expect(progress.take(line("a", 1_000_000, 10_000_000), at: start) == "pulling node:22: 1.0 of 10.0 MB")
        #expect(progress.take(line("b", 500_000, 2_000_000), at: start + .milliseconds(999)) == nil)
        #expect(
            progress.take(line("a", 9_000_000, 10_000_000), at: start + .seconds(1))
                == "pulling node:22: 9.5 of 12.0 MB")
    }

    @Test("a host remembers which images it has pulled")
    func record() throws {
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        let path = "\(folder.path)/images"
        let record = PulledImages(path: path)
        record.add(ImageReference("b:1"))
        record.add(ImageReference("a@sha256:0"))
        record.add(ImageReference("c"))
        record.remove(ImageReference("c:latest"))
        #expect(PulledImages(path: path).all == [ImageReference("a@sha256:0"), ImageReference("b:1")])
    }
}
