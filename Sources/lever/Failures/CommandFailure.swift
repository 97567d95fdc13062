internal import LeverClient
internal import LeverCore

/// What the process ends with.
enum ExitStatus: Int32 {
    case success = 0
    /// The method's own error, or a deployment that the host refused.
    case methodError = 1
    case usage = 2
    /// Whatever else kept the call from its reply.
    case platformError = 3
    case interrupted = 130
}

/// How a command fails: the exit status, and what is printed on standard error.
struct CommandFailure: Error, Equatable {
    /// What is printed.
    enum Output: Equatable {
        /// A message after the command's name, and what to do about it.
        case message(String, hint: String?)
        /// The method's own error as it is.
        case value(LeverValue)
        case bytes([UInt8])
        case nothing
    }

    var status: ExitStatus
    var output: Output

    init(_ status: ExitStatus, _ output: Output) {
        self.status = status
        self.output = output
    }

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.init(status, .message(message, hint: hint))
    }

    /// What goes to standard error.
    func bytes(isColoured: Bool) -> [UInt8] {
        switch output {
        case .message(let message, let hint):
            let name = isColoured ? "\u{1B}[1;31mlever:\u{1B}[0m" : "lever:"
            return Array("\(name) \(message)\n\(hint.map { $0 + "\n" } ?? "")".utf8)
        case .value(let value): return Array((value.json() + "\n").utf8)
        case .bytes(let bytes): return bytes
        case .nothing: return []
        }
    }
}

extension CommandFailure {
    /// Runs a command's body; whatever it throws becomes a failure that says what to do.
    static func explaining(_ connection: ConnectionOptions, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(error, host: { connection.host(of: $0) }, default: try connection.defaultEnvironment())
        }
    }

    /// The failure for an error of the client.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - host: The host that calls to an environment go to.
    ///   - environment: The environment of relative addresses.
    init(_ error: any Error, host: (EnvironmentName) -> String, default environment: EnvironmentName) {
        switch error {
        case let error as RemoteError:
            switch error.payload {
            case .value(let value): self.init(.methodError, .value(value))
            case .bytes(let bytes): self.init(.methodError, .bytes(bytes))
            }
        case let error as RPCError:
            self.init(.platformError, "\(error.code): \(error.message)", hint: Self.hint(for: error, host(environment)))
        case let error as RuntimeError:
            let isUsage = error.code == .invalidInput || error.code == .invalidConfiguration || error.code == .package
            self.init(isUsage ? .usage : .platformError, error.description)
        case is CancellationError:
            self.init(.interrupted, .nothing)
        default:
            self.init(.platformError, String(describing: error))
        }
    }

    /// The failure for what a host says of a deployment.
    static func deployment(_ error: RemoteError) -> CommandFailure {
        let text =
            error.value?.stringValue ?? error.value?["message"]?.stringValue ?? error.value?.json() ?? error.description
        return CommandFailure(.methodError, "the deployment failed: \(text)")
    }

    /// What to do about an error.
    private static func hint(for error: RPCError, _ host: String) -> String? {
        switch error.reason {
        case .unreachable where host == ConnectionOptions.localHost:
            "Is leveroshost running? Start it with: leveroshost --listen \(host)"
        case .unreachable:
            "Is leveroshost running at \(host)? Another host is named with -H <host>:<port> or LEVEROS_IP_PORT."
        case .noEnvironment, .noService:
            "lever ls shows what there is; deploy a service with: lever deploy <environment> <directory>"
        case .noVersion:
            "lever versions <service> shows which versions are kept."
        case .noMethod:
            "Methods are called by their exact names, upper and lower case included; the service's code says which it has."
        case .deadline:
            "More time is given with --timeout, for example --timeout 1m."
        case .startFailed:
            "The service is deployed but does not start; deploying it again shows why: lever deploy"
        default: nil
        }
    }
}
