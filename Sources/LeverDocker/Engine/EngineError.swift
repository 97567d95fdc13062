import LeverCore

/// Why an engine did not do what it was asked to.
struct EngineError: Error, CustomStringConvertible {
    /// The status of its answer; `nil` where there was none: it cannot be reached, or ended in the middle.
    var status: Int?
    /// What it said, or what happened.
    var message: String

    var description: String { message }

    /// The status that Docker would have answered with, where Podman says 500 and a cause.
    static func status(_ status: Int, cause: String?) -> Int {
        guard status == 500, let cause else { return status }
        let conflicts = ["container state improper", "network already exists", "network is being used"]
        return conflicts.contains(cause) ? 409 : status
    }

    /// Whether there is no such container, image or network.
    var isNotFound: Bool { status == 404 }
    /// Whether it is so already, or something of that name is there.
    var isConflict: Bool { status == 409 || status == 304 }
    /// Whether the engine did not answer at all: what it would have said is not known.
    var isUnreachable: Bool { status == nil }

    /// The same for whoever asked the driver for something.
    func asRuntimeError(_ what: String) -> RuntimeError { RuntimeError(.driver, "\(what): \(message)") }
}
