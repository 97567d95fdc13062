import ArgumentParser
import CProcess

/// `leveroshost`: settings → `LeverHost.Configuration` → run.
@main
struct Main {
    static func main() async {
        lever_keep_freed_memory(8 << 20)
        await HostCommand.main()
    }
}
