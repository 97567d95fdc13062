import LeverCore
import LeverService

@main struct Hello: LeverServiceMain {
    static var service: ServiceDefinition {
        Method("SayHello") { (name: String) in "Hello, \(name)!" }

        // A channel: every message comes back, with its number.
        ChannelMethod("EchoChan") { channel in
            var count = 0
            for try await message in channel.messages(as: LeverValue.self) {
                count += 1
                try await channel.send(Echo(number: count, message: message))
            }
        }

        // A channel that the service feeds: counts to `limit`.
        ChannelMethod("CountChan") { (channel, limit: Int) in
            for number in 1...max(limit, 1) { try await channel.send(number) }
        }
    }
}

struct Echo: Codable, Sendable {
    var number: Int
    var message: LeverValue
}
