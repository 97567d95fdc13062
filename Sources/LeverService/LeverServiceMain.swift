#if canImport(Glibc)
@preconcurrency internal import Glibc
#elseif canImport(Musl)
@preconcurrency internal import Musl
#else
@preconcurrency internal import Darwin
#endif
public import Logging

/// A program that is a service.
///
/// ```swift
/// import LeverCore
/// import LeverService
///
/// @main struct Hello: LeverServiceMain {
///     static var service: ServiceDefinition {
///         Method("SayHello") { (name: String) in "Hello, \(name)!" }
///         ChannelMethod("TicksChan") { (channel, every: Int) in
///             for tick in 0... {
///                 try await channel.send(tick)
///                 try await Task.sleep(for: .milliseconds(every))
///             }
///         }
///     }
/// }
/// ```
///
/// It listens where the host that started it says, and SIGTERM lets the calls in progress end before the program does. What
/// has to be made before the first call, such as a connection to a database, is made in the getter, which may be
/// `get async throws`. A program that runs more than a service has a `main()` of its own, in which a `LeverService` is one part
/// of its `ServiceGroup`.
public protocol LeverServiceMain {
    /// The service. It is read once, when the program starts.
    @ServiceBuilder static var service: ServiceDefinition { get async throws }

    /// How the service listens and ends; by default it listens where the host says.
    static var configuration: LeverService.Configuration { get }

    /// Where the service logs; by default to standard error, which the host keeps.
    static var logger: Logger { get }
}

extension LeverServiceMain {
    /// ``LeverService/Method``: named here so that `Method` means it also where Objective-C's runtime is imported.
    public typealias Method = LeverMethod

    /// Listens where the host says; drains for 9 seconds.
    public static var configuration: LeverService.Configuration { .defaults }

    /// Logs to where swift-log's system goes, which is standard error unless the program bootstraps it.
    public static var logger: Logger { Logger(label: "lever.service") }

    /// Runs the service until SIGTERM or SIGINT. Where it cannot run, the reason goes to the log, and the program ends with
    /// status 1.
    ///
    /// What it prints goes out line by line: `lever logs -f` shows a line when it is written, and none is lost with a process
    /// that is killed.
    public static func main() async {
        setvbuf(stdout, nil, _IOLBF, 0)
        do {
            try await LeverService(try await service, configuration: configuration, logger: logger).serve()
        } catch {
            logger.critical("the service cannot run", metadata: ["lever.error": "\(error)"])
            exit(1)
        }
    }
}
