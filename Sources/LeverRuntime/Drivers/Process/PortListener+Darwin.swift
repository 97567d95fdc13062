#if canImport(Darwin)
extension PortListener {
    /// None: there, an instance has to listen where `LEVEROS_LISTEN` says.
    static func all(on port: Int) -> [PortListener] { [] }

    /// Not known.
    func belongs(to pids: some Sequence<Int32>) -> Bool { false }

    /// Not known.
    func holder() -> String { "another process" }
}
#endif
