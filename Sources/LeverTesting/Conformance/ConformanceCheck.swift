/// One named demand that a protocol makes on whoever implements it.
///
/// It throws ``TestFailure`` (or what the implementation threw) where the demand is not met, so it runs in Swift Testing, in XCTest
/// and in programs:
///
/// ```swift
/// @Test(arguments: CatalogConformance.checks)
/// func myCatalogKeepsTheContract(check: ConformanceCheck<any Catalog>) async throws {
///     try await check.run(on: MyCatalog())
/// }
/// ```
public struct ConformanceCheck<Subject: Sendable>: Sendable, CustomStringConvertible {
    /// What is demanded.
    public let name: String
    private let body: @Sendable (Subject) async throws -> Void

    /// Makes a check.
    ///
    /// - Parameters:
    ///   - name: What is demanded, as a sentence.
    ///   - body: Throws where it is not met.
    public init(_ name: String, _ body: @escaping @Sendable (Subject) async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// The name.
    public var description: String { name }

    /// Runs the check.
    ///
    /// - Parameter subject: A new implementation that nothing has been done to.
    /// - Throws: What is wrong, which says the check's name.
    public func run(on subject: Subject) async throws {
        do {
            try await body(subject)
        } catch {
            throw TestFailure("\(name): \(error)")
        }
    }
}

/// All that a protocol demands.
public protocol ConformanceSuite {
    /// What is checked: an implementation of the protocol.
    associatedtype Subject: Sendable

    /// The checks. Each gets an implementation of its own.
    static var checks: [ConformanceCheck<Subject>] { get }
}

extension ConformanceSuite {
    /// Runs all checks, each on an implementation of its own.
    ///
    /// ```swift
    /// try await CatalogConformance.run { MyCatalog() }
    /// ```
    ///
    /// - Parameter make: Makes a new implementation.
    /// - Throws: ``TestFailure`` that names each check which failed, and what `make` throws.
    public static func run(_ make: @Sendable () async throws -> Subject) async throws {
        var failures: [String] = []
        for check in checks {
            let subject = try await make()
            do { try await check.run(on: subject) } catch { failures.append("\(error)") }
        }
        guard failures.isEmpty else {
            throw TestFailure(
                "\(failures.count) of \(checks.count) checks of \(self) failed:\n" + failures.joined(separator: "\n"))
        }
    }
}
