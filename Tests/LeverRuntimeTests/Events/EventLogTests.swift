import LeverCore
import Testing

@testable import LeverRuntime

@Suite("Event log") struct EventLogTests {
    private let service = ServiceID(environment: .default, service: try! ServiceName("hello"))  // A good literal.

    @Test func eventsAreNumberedAndSayWhatTheyAreAbout() {
        let log = EventLog(capacity: 10, clock: { 1_700_000_000 })
        log.append(.instanceStarted, service, instance: InstanceID("hello-1"), "a call waits")
        log.append(.environmentAdded, .default, "made by a deployment")
        let events = log.newest(10).elements
        #expect(events.map(\.number) == [1, 2])
        #expect(events[0].service == service.service && events[0].instance == InstanceID("hello-1"))
        #expect(events[0].kind.token == "instance-started" && events[0].time == 1_700_000_000)
        #expect(events[1].service == nil && events[1].environment == .default && events[1].message.contains("made"))
    }

    @Test func aSlowSubscriberIsToldWhatItMissed() async {
        let log = EventLog(capacity: 5)
        for number in 1...12 { log.append(.scaled, service, "\(number)") }
        log.end()
        var numbers: [Int] = []
        var dropped = 0
        for await batch in log.subscribe(after: 2) {
            numbers += batch.elements.map(\.number)
            dropped += batch.dropped
        }
        #expect(numbers == [8, 9, 10, 11, 12])
        #expect(dropped == 5)
    }

    @Test func subscribersHearWhatComesUntilTheyAreCancelled() async {
        let log = EventLog()
        let heard = Task {
            var messages: [String] = []
            for await batch in log.subscribe(after: 0) {
                messages += batch.elements.map(\.message)
                if messages.count == 3 { break }
            }
            return messages
        }
        for message in ["one", "two", "three"] { log.append(.scaled, service, message) }
        #expect(await heard.value == ["one", "two", "three"])
        let waiting = Task { () -> Int in
            var count = 0
            for await batch in log.subscribe(after: log.last) { count += batch.elements.count }
            return count
        }
        waiting.cancel()
        #expect(await waiting.value == 0)
    }
}
