/// Some of a service's resources: those whose names begin alike.
package struct ResourcePrefix: Sendable, Hashable {
    private let prefix: String

    /// - Parameter prefix: What the names begin with; empty for all resources.
    package init(_ prefix: String) {
        self.prefix = prefix
    }

    /// Whether a resource is one of them. Compares bytes, as names do everywhere.
    package func contains(_ resource: String) -> Bool {
        resource.utf8.starts(with: prefix.utf8)
    }

    /// Whether there are resources that are of both.
    func overlaps(_ other: ResourcePrefix) -> Bool {
        contains(other.prefix) || other.contains(prefix)
    }
}
