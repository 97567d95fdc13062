internal import ArgumentParser
internal import LeverClient
internal import LeverCore
internal import Synchronization

/// `lever stream`: a channel between a method and the terminal.
struct StreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stream",
        abstract: "Opens a channel: sends what it reads, prints what it receives.",
        discussion: """
            Each line of standard input is sent as one message, which must be JSON; each message received is printed on a line \
            of its own as it comes. The end of the input (Ctrl-D) says that nothing more is sent; the command ends when the \
            method does. Ctrl-C cancels the channel.

            EXAMPLES
              lever stream /chat/lobby/FeedChan
              echo '"hello"' | lever stream lever://dev.lever/echo/EchoChan
              lever stream --bytes /files/UploadChan '"photo.jpg"' < photo.jpg
            """)

    @Argument(help: "lever://<environment>/<service>[/<resource>]/<method>, or from <service> on.")
    var url: String

    @Argument(help: ArgumentHelp("The arguments, each one JSON value.", valueName: "json"))
    var arguments: [String] = []

    @Flag(help: "Send what is read as byte messages, cut anywhere, and print received ones as they are.")
    var bytes = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var deadline: TimeoutOption

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let url = try connection.address(url)
            guard url.method.isChannel else {
                throw CommandFailure(
                    .usage, "\(url.method) is no channel method: the name of one ends in Chan",
                    hint: "Use: lever invoke \(self.url)")
            }
            let arguments = try JSONArguments.parse(arguments)
            let client = try connection.client(for: url.environment ?? .default)
            try await Interrupt.cancelling {
                let channel = try await client.open(url, .values(arguments), options: deadline.options)
                try await exchange(over: channel)
            }
        }
    }

    /// Receives until the method ends, while another task sends. That one may be blocked in reading standard input for ever, so
    /// nobody waits for it: the process ends first.
    private func exchange(over channel: LeverChannel) async throws {
        let badInput = Mutex<CommandFailure?>(nil)
        let sender = Task {
            do {
                try await sendInput(over: channel)
            } catch let failure as CommandFailure {
                badInput.withLock { $0 = failure }
                channel.cancel()
            }
        }
        defer { sender.cancel() }
        do {
            while let message = try await channel.receive() {
                switch message {
                case .value(let value), .error(let value): Terminal.output.print(value.json())
                case .bytes(let data), .errorBytes(let data): Terminal.output.write(bytes ? data : data + [0x0A])
                }
            }
        } catch {
            // A line that is no JSON ended the channel, and that is what went wrong.
            throw badInput.withLock { $0 } ?? error
        }
    }

    private func sendInput(over channel: LeverChannel) async throws {
        let input = StandardInput()
        if bytes {
            while let chunk = await input.chunk() { try await channel.send(bytes: chunk) }
        } else {
            var number = 0
            while let line = await input.line() {
                number += 1
                guard let value = try JSONArguments.message(line, number: number) else { continue }
                try await channel.send(.value(value))
            }
        }
        try await channel.finish()
    }
}
