import LeverCore
import LeverTransport

/// One event loop's view of one instance: its connection to it, and the loop's calls that are inside. Confined to the loop.
final class InstanceLink {
    let instance: InstanceRoute
    /// `nil` where the instance is a handler of this process.
    let endpoint: HTTP2Endpoint?
    /// The newest; the list runs through the calls themselves, so that coming and going costs a few pointer writes.
    @exclusivity(unchecked) private var first: RoutedCall?

    init(_ instance: InstanceRoute, endpoint: HTTP2Endpoint?) {
        self.instance = instance
        self.endpoint = endpoint
    }

    func add(_ call: RoutedCall) {
        call.nextCall = first
        first?.previousCall = call
        first = call
    }

    func remove(_ call: RoutedCall) {
        if let previous = call.previousCall { previous.nextCall = call.nextCall } else { first = call.nextCall }
        call.nextCall?.previousCall = call.previousCall
        call.nextCall = nil
        call.previousCall = nil
    }

    /// The calls inside, of one activation where it is named; a copy, so that calls may end meanwhile.
    func calls(_ kind: CallKind, in activation: ActivationRoute?) -> [RoutedCall] {
        var calls: [RoutedCall] = []
        var next = first
        while let call = next {
            next = call.nextCall
            if kind.includes(call), activation == nil || call.activation === activation {
                calls.append(call)
            }
        }
        return calls
    }

    /// Whether a call with this `lever-call-id` is inside an activation.
    func holds(_ callID: String, in activation: ActivationRoute) -> Bool {
        var next = first
        while let call = next {
            if call.activation === activation, call.callID == callID { return true }
            next = call.nextCall
        }
        return false
    }
}

/// Which calls are meant.
package enum CallKind: Sendable {
    /// All but channels.
    case calls
    /// All but channels, and those of resources, which their activation ends.
    case callsWithoutResource
    case channels
    case all

    func includes(_ call: RoutedCall) -> Bool {
        switch self {
        case .calls: !call.isChannel
        case .callsWithoutResource: !call.isChannel && call.activation == nil
        case .channels: call.isChannel
        case .all: true
        }
    }
}
