/// A call that stays on its instance, known to what runs on its behalf.
final class LocalCall: Sendable {
    @TaskLocal static var current: LocalCall?

    let activation: Activation
    /// The call on behalf of which this one was made, where that stayed here, too.
    let parent: LocalCall?

    init(_ activation: Activation, parent: LocalCall?) {
        self.activation = activation
        self.parent = parent
    }
}

extension LocalCall: Hashable {
    static func == (left: LocalCall, right: LocalCall) -> Bool { left === right }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}
