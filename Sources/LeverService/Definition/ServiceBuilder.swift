/// Makes a service's definition of the components that are written below each other; `if`, `switch` and `for` may stand
/// between them.
@resultBuilder public enum ServiceBuilder {
    /// What the statements become before they are a definition.
    public typealias Components = [any ServiceComponent]

    /// A component.
    public static func buildExpression(_ component: some ServiceComponent) -> Components { [component] }

    /// Components that were made elsewhere.
    public static func buildExpression(_ components: Components) -> Components { components }

    /// A statement that makes no component, such as `LoggingSystem.bootstrap(…)`.
    public static func buildExpression(_: Void) -> Components { [] }

    /// Statements below each other.
    public static func buildBlock(_ parts: Components...) -> Components { parts.flatMap { $0 } }

    /// `for`.
    public static func buildArray(_ parts: [Components]) -> Components { parts.flatMap { $0 } }

    /// `if` without `else`.
    public static func buildOptional(_ part: Components?) -> Components { part ?? [] }

    /// `if`.
    public static func buildEither(first part: Components) -> Components { part }

    /// `else`.
    public static func buildEither(second part: Components) -> Components { part }

    /// `if #available`.
    public static func buildLimitedAvailability(_ part: Components) -> Components { part }

    /// The whole.
    public static func buildFinalResult(_ components: Components) -> ServiceDefinition {
        ServiceDefinition(components)
    }
}
