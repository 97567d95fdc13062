import LeverCore
import Testing

@Suite("Pages of resources")
struct ResourcePageTests {
    @Test("are in order, begin after a name and hold no more than asked for")
    func pages() {
        var harness = ResourceDirectoryHarness()
        var names: Set<String> = ["other", "room"]
        for number in 0..<300 { names.insert("room-\(number * 7_919 % 1_000)") }
        for name in names { _ = harness(.callsWaiting(ResourceID(name))) }
        let directory = harness.directory
        let all = names.map { ResourceID($0) }.sorted()

        #expect(directory.page(prefix: "", after: nil, limit: 1_000).map(\.resource) == all)
        #expect(directory.page(prefix: "", after: nil, limit: 0).isEmpty)
        #expect(directory.page(prefix: "nothing", after: nil, limit: 10).isEmpty)
        for limit in [1, 7, 100] {
            var seen: [ResourceID] = []
            while true {
                let page = directory.page(prefix: "room-", after: seen.last, limit: limit).map(\.resource)
                #expect(page.count <= limit)
                guard !page.isEmpty else { break }
                seen += page
            }
            #expect(seen == all.filter { $0.rawValue.hasPrefix("room-") })
        }
    }
}
