import LeverCore
import Synchronization

/// Balancing: one instance after the other. It is asked on all event loops at once, so it counts with an atomic.
final class RoundRobin: LoadBalancer {
    private let next = Atomic(0)

    func pick(count: Int, load: (Int) -> Int, random: inout FastRandom) -> Int {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return Int(UInt(bitPattern: number) % UInt(count))
    }
}
