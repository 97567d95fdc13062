import LeverCore
import LeverService

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A service in Swift that hosts of the tests run: it says who it is, and fails in the ways that only a program of its own can.
@main struct SwiftServiceHelper: LeverServiceMain {
    static var service: ServiceDefinition {
        Method("Pid") { Int(getpid()) }
        Method("Slow") { (milliseconds: Int) in
            try await Task.sleep(for: .milliseconds(milliseconds))
            return Int(getpid())
        }
        Method("Trap") { () -> Int in fatalError("the method traps") }
        Method("Fail") { throw Failure.empty(shelf: 3) }
        // It waits for what never comes, and does not hear that it is cancelled.
        Method("Never") { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
        ChannelMethod("TicksChan") { (channel, every: Int) in
            for tick in 0... {
                try await channel.send(tick)
                try await Task.sleep(for: .milliseconds(every))
            }
        }
        ResourceService { resource in
            Counter(epoch: resource.epoch)
        } closing: { counter in
            print("closing a counter at \(await counter.count)")
        } methods: {
            ResourceMethod("Count") { counter in await counter.next() }
            ResourceMethod("Epoch") { counter in counter.epoch }
            ResourceMethod("TrapThere") { (counter) -> UInt64 in fatalError("the resource \(counter.epoch) traps") }
        }
    }

    enum Failure: MethodError {
        case empty(shelf: Int)
    }

    actor Counter {
        let epoch: UInt64
        private(set) var count = 0

        init(epoch: UInt64) { self.epoch = epoch }

        func next() -> Int {
            count += 1
            return count
        }
    }
}
