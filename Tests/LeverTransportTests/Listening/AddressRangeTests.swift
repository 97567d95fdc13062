import Testing

@testable import LeverTransport

@Suite("Ranges of addresses") struct AddressRangeTests {
    @Test(arguments: [
        ("192.168.1.5", ["192.168.1.5", "::ffff:192.168.1.5"], ["192.168.1.4", "192.168.1.6", "::1"]),
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
        ("172.16.0.0/12", ["172.16.0.1", "172.31.255.255"], ["172.32.0.0", "172.15.255.255"]),
        ("192.168.1.128/25", ["192.168.1.128", "192.168.1.255"], ["192.168.1.127", "192.168.2.128"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::2"]), ("10.0.0.1/32", ["10.0.0.1"], ["10.0.0.0"]),
        ("fd00::/8", ["fd00::1", "fdff:ffff::"], ["fc00::", "fe00::", "10.0.0.1"]),
        ("2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::1"]), ("::/0", ["::1", "fe80::"], ["10.0.0.1"]),
        ("::ffff:10.0.0.1", ["10.0.0.1"], ["10.0.0.2"]),
    ])
    func whatIsInThem(_ text: String, _ inside: [String], _ outside: [String]) throws {
        let range = try #require(AddressRange(text))
        for address in inside { #expect(range.contains(address), "\(address)") }
        for address in outside { #expect(!range.contains(address), "\(address)") }
        for address in ["", "?", "localhost", "10.0.0.0/8"] { #expect(!range.contains(address)) }
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0/8",
        "10.0.0.1/8",
        "fd00::/129", "fd00::1/8", "localhost", "example.com", "10.0.0.0/ 8", " 10.0.0.0/8", "10.0.0.0-10.0.0.9",
        "[::1]", "::ffff:10.0.0.0/104",
    ])
    func othersAreNone(_ text: String) {
        #expect(AddressRange(text) == nil)
    }
}
