import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// SIGTERM and SIGINT: the first asks for an orderly end, the second ends the process at once.
final class Signals {
    /// One element when the first signal has come.
    let first: AsyncStream<Void>
    private var sources: [any DispatchSourceSignal] = []

    init() {
        let (first, input) = AsyncStream.makeStream(of: Void.self)
        self.first = first
        // One queue for both, so that the count needs no lock.
        let queue = DispatchQueue(label: "signals")
        let count = Counter()
        for number in [SIGTERM, SIGINT] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                count.value += 1
                if count.value == 1 {
                    input.yield()
                } else {
                    HostRun.complain("ended at once by a second signal")
                    _exit(128 + number)
                }
            }
            source.resume()
            sources.append(source)
        }
    }

    /// Safe: only the queue uses it.
    private final class Counter: @unchecked Sendable {
        var value = 0
    }
}
