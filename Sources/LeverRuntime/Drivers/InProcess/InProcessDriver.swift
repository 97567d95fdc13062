public import LeverCore
public import Logging
import Synchronization

/// Runs instances within this process: each is a handler that a function makes, behind a unix socket of its own, so that calls go
/// to it as to any other. For tests, which can make an instance fail (``InProcessInstance/crash(_:)``,
/// ``InProcessInstance/freeze()``), and for programs that bring the code of their services along. What a version's package
/// holds beside its manifest means nothing to it.
///
/// ```swift
/// let driver = InProcessDriver { specification in
///     specification.service.service.rawValue == "hello" ? Hello(version: specification.version) : Echo()
/// }
/// var extensions = LeverHost.Extensions()
/// extensions.driver = driver
/// let host = try LeverHost(extensions: extensions)
/// ```
///
/// Code of this process cannot be killed: a handler that heeds no cancellation goes on after the end of its instance, unheard. A
/// service whose resources depend on that should be registered at the host instead (``LeverHost/register(_:_:description:isPrivate:)``).
public final class InProcessDriver: ContainerDriver {
    /// Makes the handler of an instance. It may take its time, as a slow start does; what it throws is the start's failure.
    public typealias Make = @Sendable (InstanceSpecification) async throws -> any RPCHandler

    private struct State {
        var directory: DataDirectory?
        var instances: [InProcessInstance] = []
        var isShutDown = false
    }

    /// `in-process`.
    public let name = "in-process"
    private let make: Make
    private let logger: Logger
    private let state = Mutex(State())

    /// Makes a driver; `make` is called once for each instance.
    public init(logger: Logger = Logger(label: "lever.driver"), make: @escaping Make) {
        self.make = make
        self.logger = logger
    }

    /// The instances that have not ended, in the order of their start.
    public var instances: [InProcessInstance] { state.withLock { $0.instances.filter { !$0.hasEnded } } }

    /// Makes the directory of the sockets. Nothing of an earlier run can be alive.
    public func prepare() async throws {
        let directory = try DataDirectory(nil)
        state.withLock { $0.directory = directory }
    }

    /// Never: each has a socket of its own.
    public func mayNeedPort(_ specification: InstanceSpecification) -> Bool { false }

    /// Starts an instance.
    ///
    /// - Throws: `RuntimeError` with `RuntimeError.Code.driver` where its handler cannot be made, or the driver was shut
    ///   down; `CancellationError`.
    public func start(_ specification: InstanceSpecification) async throws -> any DriverInstance {
        guard let directory = state.withLock({ $0.isShutDown ? nil : $0.directory?.path }) else {
            throw RuntimeError(.driver, "the driver of instance \(specification.id) does not run")
        }
        let handler: any RPCHandler
        do {
            handler = try await make(specification)
        } catch let error as RuntimeError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw RuntimeError(
                .driver, "version \(specification.version) of \(specification.service) could not be made", cause: error)
        }
        let instance = try await InProcessInstance.start(
            specification, handler, socket: "\(directory)/\(specification.id).sock", logger: logger)
        let isLate = state.withLock { state in
            state.instances.removeAll { $0.hasEnded }
            state.instances.append(instance)
            return state.isShutDown
        }
        if isLate { instance.crash() }
        return instance
    }

    /// Ends all instances at once, and waits for that.
    public func shutdown() async {
        let (instances, directory) = state.withLock { state in
            state.isShutDown = true
            defer { state.directory = nil }
            return (state.instances, state.directory)
        }
        for instance in instances { instance.crash() }
        for instance in instances { _ = await instance.exit() }
        directory?.close()
    }
}
