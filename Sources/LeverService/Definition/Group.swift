/// Components that belong together, for example to put a middleware around them.
///
/// ```swift
/// Group {
///     Method("Ban") { (user: String) in … }
///     Method("Unban") { (user: String) in … }
/// }
/// .middleware(OnlyFor("admin.example.com"))
/// ```
public struct Group: ServiceComponent {
    private let components: ServiceDefinition

    /// Groups components.
    public init(@ServiceBuilder _ components: () throws -> ServiceDefinition) rethrows {
        self.components = try components()
    }

    /// Adds the components to a service.
    public func add(to service: inout ServiceDefinition) {
        components.add(to: &service)
    }
}
