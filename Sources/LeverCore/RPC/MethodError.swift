/// A type of errors that a service's methods throw and its callers understand: it travels as its encoded value, as the method's
/// own error, and callers decode it with ``RemoteError/decode(as:)``, or have it thrown as it is by
/// `endpoint.throwing(OrderError.self)` of LeverClient.
///
/// ```swift
/// enum OrderError: MethodError {
///     case soldOut(left: Int)
/// }
///
/// // In the service:
/// throw OrderError.soldOut(left: 0)
///
/// // At the caller:
/// do {
///     try await shop.invoke("Order", item)
/// } catch let error as RemoteError {
///     let error = try error.decode(as: OrderError.self)
/// }
/// ```
public protocol MethodError: Error, Codable {}
