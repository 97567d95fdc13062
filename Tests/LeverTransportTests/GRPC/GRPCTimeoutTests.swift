import Testing

@testable import LeverTransport

struct GRPCTimeoutTests {
    @Test(arguments: [
        ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
        ("5u", .microseconds(5)), ("6n", .nanoseconds(6)), ("99999999S", .seconds(99_999_999)), ("0S", .zero),
        ("00000001m", .milliseconds(1)),
    ])
    func parses(_ text: String, _ time: Duration) {
        #expect(GRPCTimeout.parse(text) == time)
    }

    @Test(arguments: ["", "S", "1", "1s", "1x", "123456789S", "-1S", "+1S", "1.5S", " 1S", "1S ", "١S", "1é"])
    func refuses(_ text: String) {
        #expect(GRPCTimeout.parse(text) == nil)
    }

    @Test(arguments: [
        (Duration.nanoseconds(1), "1n"), (.nanoseconds(99_999_999), "99999999n"), (.milliseconds(100), "100000u"),
        (.seconds(1), "1000000u"), (.seconds(99), "99000000u"), (.seconds(100), "100000m"),
        (.seconds(99_999), "99999000m"),
        (.seconds(100_000), "100000S"), (.seconds(99_999_999), "99999999S"), (.seconds(100_000_000), "1666667M"),
        (.seconds(Int64.max), "99999999H"), (.zero, "1n"), (.seconds(-1), "1n"),
        (Duration(secondsComponent: 0, attosecondsComponent: 1), "1n"),
        (Duration(secondsComponent: 200, attosecondsComponent: 1), "200001m"),
    ])
    func formats(_ time: Duration, _ text: String) {
        #expect(GRPCTimeout.format(time) == text)
    }

    @Test func whatIsFormattedNeverEndsEarlierAndHardlyLater() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let seconds = Int64.random(in: 0...(1 << Int64.random(in: 1...36, using: &generator)), using: &generator)
            let time = Duration(
                secondsComponent: seconds, attosecondsComponent: .random(in: 1..<1_000_000_000_000_000_000))
            let back = GRPCTimeout.parse(GRPCTimeout.format(time))
            #expect(
                back.map { $0 >= time && ($0 - time) / time < 0.001 || $0 - time < .nanoseconds(1) } == true, "\(time)")
        }
    }
}
