public import Distributed
internal import LeverCore

extension LeverActorSystem {
    /// Takes down the arguments of a call; for the thunks that the compiler makes.
    public struct InvocationEncoder: DistributedTargetInvocationEncoder, Sendable {
        /// Arguments are codable, and may cross from one isolation to another.
        public typealias SerializationRequirement = any Codable & Sendable

        private let coding: ActorCoding
        private var values: [LeverValue] = []
        /// The first argument where it is a collection of bytes.
        private var bytes: [UInt8]?
        /// The types that the call was made with where the method is generic.
        private(set) var types: [any Any.Type] = []

        init(_ coding: ActorCoding) {
            self.coding = coding
        }

        /// Takes down the type of a generic parameter.
        public mutating func recordGenericSubstitution<T>(_ type: T.Type) throws {
            types.append(type)
        }

        /// Takes down an argument.
        ///
        /// - Throws: `EncodingError` where it cannot become a value.
        public mutating func recordArgument<Value: Codable & Sendable>(_ argument: RemoteCallArgument<Value>) throws {
            if let first = bytes {
                // Beside other arguments bytes are a list of numbers.
                values.append(try coding.encode(first))
                bytes = nil
            } else if values.isEmpty {
                bytes = StandaloneBytes.bytes(of: argument.value)
                if bytes != nil { return }
            }
            values.append(try coding.encode(argument.value))
        }

        /// Nothing: the result's type is known where it is decoded.
        public mutating func recordReturnType<R: Codable & Sendable>(_ type: R.Type) throws {}

        /// Nothing: an error says itself of which type it is.
        public mutating func recordErrorType<E: Error>(_ type: E.Type) throws {}

        /// Nothing: all has been taken down.
        public mutating func doneRecording() throws {}

        /// The arguments as they travel.
        var arguments: RPCArguments { bytes.map(RPCArguments.bytes) ?? .values(values) }
    }
}
