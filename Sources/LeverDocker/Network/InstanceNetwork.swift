import LeverCore

/// How the instances of a service are connected.
enum InstanceNetwork: String, Sendable, Hashable, CaseIterable {
    /// By sockets alone: the container has no network.
    case none
    /// By a bridge that leads to the environment's gateway and nowhere else.
    case closed
    /// By a bridge that leads to the environment's gateway and to the internet.
    case open

    /// What a manifest asks for. Programs that may not know our sockets need the network for the platform's own calls, even
    /// where they must not reach anything else.
    init(_ manifest: Manifest) {
        switch (manifest.internet, manifest.entry) {
        case (true, _): self = .open
        case (false, .javaScript): self = .none
        case (false, .command): self = .closed
        }
    }

    /// A part of names.
    var suffix: String {
        switch self {
        case .none: "-none"
        case .closed: "-closed"
        case .open: ""
        }
    }
}
