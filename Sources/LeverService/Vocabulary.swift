// What appears in the signatures of this module, so that `import LeverService` is enough for a program that is a service. Each
// name on its own: the decisions of LeverCore are nobody's vocabulary.

@_exported import struct LeverCore.CallContext
@_exported import enum LeverCore.ChannelMessage
@_exported import struct LeverCore.EnvironmentName
@_exported import class LeverCore.LeverChannel
@_exported import struct LeverCore.LeverObject
@_exported import struct LeverCore.LeverURL
@_exported import enum LeverCore.LeverValue
@_exported import protocol LeverCore.MethodError
@_exported import struct LeverCore.MethodName
@_exported import enum LeverCore.RPCArguments
@_exported import protocol LeverCore.RPCChannel
@_exported import struct LeverCore.RPCError
@_exported import protocol LeverCore.RPCHandler
@_exported import enum LeverCore.RPCReply
@_exported import struct LeverCore.RemoteError
@_exported import struct LeverCore.RuntimeError
@_exported import struct LeverCore.ServiceName
