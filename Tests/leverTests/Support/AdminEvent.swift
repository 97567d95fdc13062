import LeverClient
import LeverCore

/// An event as a host would send it.
struct AdminEvent {
    var message: String

    var value: AdminClient.Event {
        get {
            let value: LeverValue = [
                "number": 1, "time": 0, "kind": "instance-ended", "environment": "dev.lever", "service": "hello",
                "instance": "hello-1", "message": .string(message),
            ]
            return try! LeverDecoder().decode(AdminClient.Event.self, from: value)  // All members are there.
        }
    }
}
