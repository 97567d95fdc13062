/// A part of a service: ``Method``, ``ChannelMethod``, ``ResourceService``, ``Group``, or a type of your own.
///
/// Whoever makes a new kind of part conforms to this and adds handlers to the definition:
///
/// ```swift
/// struct Version: ServiceComponent {
///     let number: String
///
///     func add(to service: inout ServiceDefinition) {
///         service.addMethod("Version") { _, _ in .result(.string(number)) }
///     }
/// }
/// ```
public protocol ServiceComponent: Sendable {
    /// Adds the part to a service.
    func add(to service: inout ServiceDefinition)
}

extension [any ServiceComponent]: ServiceComponent {
    /// Adds each of the parts.
    public func add(to service: inout ServiceDefinition) {
        for component in self { component.add(to: &service) }
    }
}
