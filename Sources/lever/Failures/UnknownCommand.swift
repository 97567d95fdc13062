internal import ArgumentParser
internal import LeverCore

extension CommandFailure {
    /// What to say of a word that stands where a subcommand should; the parser takes it for an argument too many. `nil` where
    /// all such words are subcommands.
    static func unknownCommand(in arguments: [String]) -> CommandFailure? {
        var configuration = LeverCommand.configuration
        var path = "lever"
        for word in arguments {
            let subcommands = configuration.subcommands.map { $0.configuration }
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            guard let next = subcommands.first(where: { $0.commandName == word }) else {
                let names = subcommands.compactMap(\.commandName)
                let meant =
                    EditDistance.nearest(to: word, among: names).map { "; did you mean \"\(path) \($0)\"?" } ?? ""
                return CommandFailure(
                    .usage, "\(path) has no subcommand \"\(word.prefix(64))\"" + meant,
                    hint: "\(path) --help lists what there is.")
            }
            configuration = next
            path += " \(word)"
        }
        return nil
    }
}
