internal import LeverCore

/// Values that a person typed.
enum JSONArguments {
    /// The arguments of a call.
    static func parse(_ texts: [String]) throws(CommandFailure) -> [LeverValue] {
        var values: [LeverValue] = []
        for (index, text) in texts.enumerated() {
            do throws(JSONError) {
                values.append(try LeverValue(json: text))
            } catch {
                throw CommandFailure(
                    .usage, "argument \(index + 1), \(shortened(text)), is not JSON: \(error.message)",
                    hint: suggestion(for: text))
            }
        }
        return values
    }

    /// A line of input as a message; `nil` for one that is empty.
    static func message(_ line: [UInt8], number: Int) throws(CommandFailure) -> LeverValue? {
        guard line.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D }) else { return nil }
        do throws(JSONError) {
            return try LeverValue(json: line)
        } catch {
            let text = String(decoding: line, as: UTF8.self)
            throw CommandFailure(
                .usage, "line \(number) of the input, \(shortened(text)), is not JSON: \(error.message)",
                hint: "Every line is one JSON value; with --bytes the input is sent as it is.")
        }
    }

    /// What was probably meant: a text whose quotes the shell took.
    static func suggestion(for text: String) -> String? {
        let quoted = LeverValue.string(text).json()
        guard let first = text.first, !"{[\"".contains(first), !text.contains("'") else {
            return text.contains("'")
                ? nil : "Put the JSON between single quotes, so that the shell leaves it as it is."
        }
        return "A text needs quotes that the shell does not take away: '\(quoted)'"
    }

    private static func shortened(_ text: String) -> String {
        text.count <= 60 ? text : text.prefix(57) + "..."
    }
}
