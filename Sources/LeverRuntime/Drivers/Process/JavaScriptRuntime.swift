/// Turns the module of a JavaScript service into the command that runs it.
public protocol JavaScriptRuntime: Sendable {
    /// The command and its arguments; a command without `/` is looked for on the instance's PATH.
    ///
    /// - Parameters:
    ///   - module: the manifest's `jsEntry`, relative to the code directory, which is the working directory.
    ///   - ram: the memory that the instance may use, in MB (10⁶ bytes).
    func command(module: String, ram: Int) -> [String]
}
