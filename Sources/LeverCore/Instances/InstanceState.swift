/// Where an instance stands in its life: `starting → ready → draining → stopping → stopped`; one that fails is stopped
/// from wherever it was.
public enum InstanceState: Sendable, Hashable {
    /// The driver was asked for it; it does not answer yet.
    case starting
    /// It has answered the host's HTTP/2 SETTINGS and takes calls.
    case ready
    /// It takes no new calls and finishes those in progress.
    case draining
    /// It was asked to end, and its exit is awaited.
    case stopping

    /// The word that commands and logs show.
    public var word: String {
        switch self {
        case .starting: "starting"
        case .ready: "ready"
        case .draining: "draining"
        case .stopping: "stopping"
        }
    }
}
