import LeverCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What every catalog of ours refuses, in one place, so that all say it in the same words.
enum CatalogRules {
    /// Terms stay below this, so that JavaScript holds every epoch exactly.
    static let termLimit = 1 << 21

    /// The term after `term`.
    static func next(term: Int) throws -> Int {
        guard term + 1 < termLimit else {
            throw RuntimeError(
                .catalog, "the catalog's term is \(term), the last one: start with a new data directory and deploy anew"
            )
        }
        return term + 1
    }

    /// The order of names: that of their bytes, as SQLite sorts, whatever the locale.
    static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    static func checkRemoval(of environment: EnvironmentName, exists: Bool, services: Int, force: Bool) throws {
        guard exists else { throw RPCError(.noEnvironment, "no environment \"\(environment)\"") }
        guard environment != .default else {
            throw RPCError(.conflict, "environment \"\(environment)\" is the default one and cannot be removed")
        }
        guard force || services == 0 else {
            let count = services == 1 ? "1 service" : "\(services) services"
            throw RPCError(.conflict, "environment \"\(environment)\" has \(count): remove them first, or use force")
        }
    }

    static func checkAddition(of version: Int, to id: ServiceID, reserved: Int, exists: Bool) throws {
        guard version >= 1, version <= reserved else {
            throw RPCError(.conflict, "version \(version) of \(id) was not reserved")
        }
        guard !exists else { throw RPCError(.conflict, "version \(version) of \(id) exists already") }
    }

    static func checkRemoval(of versions: [Int], from id: ServiceID, live: Int?) throws {
        guard let live, versions.contains(live) else { return }
        throw RPCError(.conflict, "version \(live) of \(id) is live and cannot be removed")
    }

    static func noService(_ id: ServiceID) -> RPCError {
        RPCError(.noService, "no service \"\(id.service)\" in environment \"\(id.environment)\"")
    }

    static func noVersion(_ version: Int, of id: ServiceID) -> RPCError {
        RPCError(.noVersion, "no version \(version) of \(id)")
    }

    /// The system's clock.
    @Sendable
    static func secondsSince1970() -> Double {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }
}
