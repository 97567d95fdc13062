// What appears in the signatures of this module and in the errors of its calls, so that `import LeverClient` is enough for a
// program that calls services. Each name on its own: the decisions of LeverCore are nobody's vocabulary.

@_exported import struct LeverCore.Backoff
@_exported import struct LeverCore.CallContext
@_exported import enum LeverCore.CallDeadline
@_exported import enum LeverCore.ChannelMessage
@_exported import struct LeverCore.EnvironmentName
@_exported import struct LeverCore.FastRandom
@_exported import struct LeverCore.HedgingPolicy
@_exported import struct LeverCore.InProcessTransport
@_exported import struct LeverCore.InstanceID
@_exported import class LeverCore.LeverChannel
@_exported import struct LeverCore.LeverObject
@_exported import struct LeverCore.LeverURL
@_exported import enum LeverCore.LeverValue
@_exported import protocol LeverCore.LoadBalancer
@_exported import protocol LeverCore.MethodError
@_exported import struct LeverCore.MethodName
@_exported import struct LeverCore.PowerOfTwoChoices
@_exported import protocol LeverCore.RPCChannel
@_exported import struct LeverCore.RPCError
@_exported import protocol LeverCore.RPCHandler
@_exported import enum LeverCore.RPCArguments
@_exported import enum LeverCore.RPCReply
@_exported import protocol LeverCore.RPCTransport
@_exported import struct LeverCore.RemoteError
@_exported import struct LeverCore.RetryBudget
@_exported import struct LeverCore.RetryPolicy
@_exported import struct LeverCore.RuntimeError
@_exported import struct LeverCore.ServiceID
@_exported import struct LeverCore.ServiceName
@_exported import func LeverCore.withCallDeadline
@_exported import func LeverCore.withCallTimeout
