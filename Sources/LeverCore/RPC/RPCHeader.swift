/// The names of the headers that Lever gives a meaning to, in lower case as HTTP/2 sends them.
public enum RPCHeader {
    /// The destination of a call.
    public static let url = "lever-url"
    /// Identifies a call and the calls made on its behalf.
    public static let callID = "lever-call-id"
    /// How many calls stand above this one.
    public static let callDepth = "lever-call-depth"
    /// The epoch of the resource's activation.
    public static let resourceEpoch = "lever-resource-epoch"
    /// The term of the host that calls a hook of an instance (`NewResource`, `CloseResource`): an instance that a later run of the
    /// host has adopted refuses those of earlier ones.
    public static let hostTerm = "lever-host-term"
    /// The version that answered, or that a deployment made.
    public static let version = "lever-version"
    /// Who caused an error: `platform`, `instance` or `method`.
    public static let error = "lever-error"
    /// Which row of the table of errors it is.
    public static let errorReason = "lever-error-reason"
    /// The deadline of a call over the HTTP API, in the format of `grpc-timeout`.
    public static let timeout = "lever-timeout"
    /// The gateway that an instance's own calls go to.
    public static let internalGateway = "x-lever-internal-rpc-gateway"
    /// The caller's environment, where it is another one.
    public static let sourceEnvironment = "x-lever-src-env"

    /// The path of a unary call.
    public static let unaryPath = "/core.LeverRPC/HandleRPC"
    /// The path of a streaming call.
    public static let channelPath = "/core.LeverRPC/HandleStreamingRPC"
}
