import LeverCore
import Logging

extension DockerDriver {
    /// The isolation of this machine.
    func makeIsolation(_ owner: String) -> any NetworkIsolation { NoIsolation() }
}
