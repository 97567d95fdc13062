import ArgumentParser

/// `leveroshost`: settings → `LeverHost.Configuration` → run.
@main
struct Main {
    static func main() async {
        await HostCommand.main()
    }
}
