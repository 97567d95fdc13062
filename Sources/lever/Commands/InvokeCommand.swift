internal import ArgumentParser
internal import LeverClient
internal import LeverCore

/// `lever invoke`: one call and its reply.
struct InvokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invoke",
        abstract: "Calls a method and prints its result.",
        discussion: """
            Arguments are JSON, one for each of the method's parameters; texts need their quotes, which the shell must not \
            take away: '"world"'. The result is printed as JSON on standard output, a byte result as it is; the method's own \
            error is printed as JSON on standard error.

            EXAMPLES
              lever invoke lever://dev.lever/helloService/SayHello '"world"'
              lever invoke /shop/order-17/Add '{"item": "tea", "count": 2}'
              lever invoke --bytes /images/Resize < photo.jpg > small.jpg
            """)

    @Argument(help: "lever://<environment>/<service>[/<resource>]/<method>, or from <service> on.")
    var url: String

    @Argument(help: ArgumentHelp("The arguments, each one JSON value.", valueName: "json"))
    var arguments: [String] = []

    @Flag(help: "Print the result with line breaks and indentation.")
    var pretty = false

    @Flag(help: "Take standard input as the method's one byte argument.")
    var bytes = false

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var deadline: TimeoutOption

    func validate() throws {
        if bytes, !arguments.isEmpty {
            throw ValidationError(
                "With --bytes the argument is what standard input holds; leave out the JSON arguments.")
        }
    }

    func run() async throws {
        try await CommandFailure.explaining(connection) {
            let url = try connection.address(url)
            guard !url.method.isChannel else {
                throw CommandFailure(
                    .usage, "\(url.method) is a channel method: its name ends in Chan",
                    hint: "Use: lever stream \(self.url)")
            }
            let arguments: RPCArguments =
                bytes ? .bytes(await StandardInput().readAll()) : .values(try JSONArguments.parse(arguments))
            let client = try connection.client(for: url.environment ?? .default)
            let reply = try await Interrupt.cancelling {
                try await client.call(url, arguments, options: deadline.options)
            }
            switch reply {
            case .result(let value): Terminal.output.print(value.json(pretty: pretty))
            case .bytes(let bytes): Terminal.output.write(bytes)
            case .error(let value): throw RemoteError(url: url, payload: .value(value))
            case .errorBytes(let bytes): throw RemoteError(url: url, payload: .bytes(bytes))
            }
        }
    }
}
