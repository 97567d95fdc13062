public import Distributed
internal import LeverCore
internal import Synchronization

extension LeverActorSystem {
    /// Takes what a distributed method returns or throws; for the thunks that the compiler makes.
    public final class ResultHandler: DistributedTargetInvocationResultHandler, Sendable {
        /// Results are codable, and may cross from one isolation to another.
        public typealias SerializationRequirement = any Codable & Sendable

        private let coding: ActorCoding
        private let outcome = Mutex<Result<RPCReply, any Error>?>(nil)

        init(_ coding: ActorCoding) {
            self.coding = coding
        }

        /// Takes a result.
        ///
        /// - Throws: `EncodingError` where it cannot become a value.
        public func onReturn<Success: Codable & Sendable>(value: Success) async throws {
            let reply: RPCReply =
                if let bytes = StandaloneBytes.bytes(of: value) { .bytes(bytes) } else {
                    .result(try coding.encode(value))
                }
            outcome.withLock { $0 = .success(reply) }
        }

        /// Takes the end of a method without a result.
        public func onReturnVoid() async throws {
            outcome.withLock { $0 = .success(.result(.null)) }
        }

        /// Takes an error, of the method or of its arguments.
        public func onThrow<Failure: Error>(error: Failure) async throws {
            outcome.withLock { $0 = .failure(error) }
        }

        /// What the method returned.
        ///
        /// - Throws: what it threw.
        func reply() throws -> RPCReply {
            guard let outcome = outcome.withLock({ $0 }) else {
                throw RPCError(.defect, "a distributed method ended without a result or an error")
            }
            return try outcome.get()
        }
    }
}
