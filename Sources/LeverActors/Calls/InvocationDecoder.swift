public import Distributed
internal import LeverCore
internal import LeverService

extension LeverActorSystem {
    /// Reads the arguments of a call; for the thunks that the compiler makes.
    public struct InvocationDecoder: DistributedTargetInvocationDecoder {
        /// Arguments are codable, and may cross from one isolation to another.
        public typealias SerializationRequirement = any Codable & Sendable

        private var reader: ArgumentReader
        private let coding: ActorCoding

        init(_ reader: ArgumentReader, _ coding: ActorCoding) {
            self.reader = reader
            self.coding = coding
        }

        /// None: generic methods are not called from elsewhere.
        public mutating func decodeGenericSubstitutions() throws -> [any Any.Type] { [] }

        /// Reads the next argument.
        ///
        /// - Throws: an error that names the method, the position and the type that it should have.
        public mutating func decodeNextArgument<Argument: Codable & Sendable>() throws -> Argument {
            try reader.next(Argument.self, with: coding.decoder(for: Argument.self))
        }

        /// None: methods know what they throw.
        public mutating func decodeErrorType() throws -> (any Any.Type)? { nil }

        /// None: methods know what they return.
        public mutating func decodeReturnType() throws -> (any Any.Type)? { nil }
    }
}
