public import LeverCore
import Synchronization

/// What every `RPCHandler` of a service must do, whatever its methods are.
public enum HandlerConformance: ConformanceSuite {
    /// All checks.
    public static let checks: [ConformanceCheck<any RPCHandler>] = [
        ConformanceCheck("a method that there is not is refused as unimplemented") { handler in
            let error = try await expect(throwing: RPCError.self) {
                _ = try await handler.call(context("NoSuchMethodAnywhere"), .values([]))
            }
            try expect(error.code, is: .unimplemented, "code of \"\(error)\"")
        },
        ConformanceCheck("a channel method that there is not is refused before it is accepted") { handler in
            let channel = RecordingChannel()
            let error = try await expect(throwing: RPCError.self) {
                try await handler.open(context("NoSuchMethodAnywhereChan"), .values([]), channel)
            }
            try expect(error.code, is: .unimplemented, "code of \"\(error)\"")
            try expect(!channel.wasUsed, "the channel was accepted before the error")
        },
        ConformanceCheck("the host's words about resources are answered, or there are no such methods") { handler in
            for _ in 1...2 {
                for method in ["NewResource", "CloseResource"] {
                    do {
                        switch try await handler.call(context(method), .values(["a resource"])) {
                        case .result, .bytes: break
                        case .error(let value): throw TestFailure("\(method) failed: \(value.json())")
                        case .errorBytes: throw TestFailure("\(method) failed with bytes")
                        }
                    } catch let error as RPCError where error.code == .unimplemented {}
                }
            }
        },
        ConformanceCheck("calls run at the same time") { handler in
            let codes = await withTaskGroup(of: RPCError.Code?.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        do {
                            _ = try await handler.call(context("NoSuchMethodAnywhere"), .values([]))
                            return nil
                        } catch { return (error as? RPCError)?.code }
                    }
                }
                return await group.reduce(into: Set()) { $0.insert($1) }
            }
            try expect(codes, is: [.unimplemented], "codes of 100 calls at once")
        },
    ]

    @Sendable private static func context(_ method: String) throws -> CallContext {
        CallContext(url: try LeverURL("lever://dev.lever/conformance/\(method)"), epoch: 1 << 32 | 1)
    }

    /// A channel whose caller has finished sending, and that notes whether anything is done with it.
    private final class RecordingChannel: RPCChannel {
        private let used = Mutex(false)

        var wasUsed: Bool { used.withLock { $0 } }

        func accept() async throws { used.withLock { $0 = true } }

        func send(_ message: ChannelMessage) async throws { used.withLock { $0 = true } }

        func receive() async throws -> ChannelMessage? {
            used.withLock { $0 = true }
            return nil
        }

        func finish() async throws { used.withLock { $0 = true } }

        func cancel() {}
    }
}
