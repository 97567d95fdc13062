"""Calls a host as any gRPC program would: python client.py <host:port> <directory with the generated stubs>"""
import sys

import grpc

sys.path.insert(0, sys.argv[2])
import core_pb2 as core
import core_pb2_grpc

channel = grpc.insecure_channel(sys.argv[1])
stub = core_pb2_grpc.LeverRPCStub(channel)


def text(value):
    return core.JSON(json_string=value)


def call(url, *arguments, timeout=20):
    return stub.HandleRPC(
        core.RPC(args=core.JSONArray(element=arguments)), metadata=(("lever-url", url),), timeout=timeout)


# A call and its reply.
assert call("lever://dev.lever/hello/SayHello", text("Python")).result.json_string == "Hello, Python!"
# An empty resource written out, and Unicode.
assert call("lever://dev.lever/hello//SayHello", text("Zoë 🎈")).result.json_string == "Hello, Zoë 🎈!"
# Many at once.
futures = [
    stub.HandleRPC.future(
        core.RPC(args=core.JSONArray(element=[text(str(i))])),
        metadata=(("lever-url", "lever://dev.lever/hello/SayHello"),), timeout=20)
    for i in range(200)
]
for i, future in enumerate(futures):
    assert future.result().result.json_string == f"Hello, {i}!"

# The method's own error has status 0.
error = call("lever://dev.lever/hello/Fail").error
assert {p.name for p in error.json_object.property} == {"code", "why"}, error


def status(url, code, reason):
    try:
        call(url)
    except grpc.RpcError as failure:
        assert failure.code() == code, failure
        trailers = dict(failure.trailing_metadata())
        assert trailers.get("lever-error-reason") == reason, trailers
        assert trailers.get("lever-error") == "platform", trailers
        assert failure.details()
        return
    raise AssertionError(f"{url} was answered")


status("lever://dev.lever/nobody/X", grpc.StatusCode.NOT_FOUND, "no-service")
status("lever://nowhere.lever/hello/X", grpc.StatusCode.NOT_FOUND, "no-environment")
status("http://dev.lever/hello/X", grpc.StatusCode.INVALID_ARGUMENT, "bad-url")
status("lever://dev.lever/hello/_x", grpc.StatusCode.UNIMPLEMENTED, "no-method")
try:
    call("lever://dev.lever/hello/Slow", core.JSON(json_number=5000), timeout=0.3)
    raise AssertionError("the deadline did not pass")
except grpc.RpcError as failure:
    assert failure.code() == grpc.StatusCode.DEADLINE_EXCEEDED, failure

# A channel: arguments first, an empty message back, then both ways.
def messages():
    yield core.StreamMessage(rpc=core.RPC(args=core.JSONArray()))
    for i in range(50):
        yield core.StreamMessage(message=core.JSON(json_number=i))
    yield core.StreamMessage(byte_message=b"\x00\xff")


replies = list(
    stub.HandleStreamingRPC(messages(), metadata=(("lever-url", "lever://dev.lever/hello/EchoChan"),), timeout=20))
assert replies[0].ByteSize() == 0, replies[0]
assert [r.message.json_number for r in replies[1:51]] == list(range(50))
assert replies[51].byte_message == b"\x00\xff"
assert len(replies) == 52

# Deploying as old clients do; the version comes in a trailer.
with open(sys.argv[3], "rb") as file:
    package = file.read()


def upload():
    yield core.StreamMessage(rpc=core.RPC(args=core.JSONArray(element=[text("dev.lever")])))
    for start in range(0, len(package), 1000):
        yield core.StreamMessage(byte_message=package[start:start + 1000])


deployment = stub.HandleStreamingRPC(
    upload(), metadata=(("lever-url", "lever://admin.lever/admin//DeployServiceChan"),), timeout=30)
answers = list(deployment)
assert len(answers) == 1 and answers[0].ByteSize() == 0, answers
assert dict(deployment.trailing_metadata())["lever-version"] == "2", deployment.trailing_metadata()
print("all right")
