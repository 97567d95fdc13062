import LeverNode

/// Runs JavaScript services with the Node runtime that the host has written to a directory.
struct EmbeddedNode: JavaScriptRuntime {
    /// Where the runtime was written.
    let directory: String

    func command(module: String, ram: Int) -> [String] {
        NodeRuntime.command(entry: module, ram: ram, runtimeDirectory: directory)
    }
}
