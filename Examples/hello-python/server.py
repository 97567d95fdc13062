"""A service in Python: plain gRPC, two methods of core.LeverRPC. The header lever-url says which of ours is called."""
import os
import signal
import sys
from concurrent import futures

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import grpc
import core_pb2 as core
import core_pb2_grpc


def say_hello(name):
    return core.JSON(json_string=f"Hello, {name.json_string}!")


class Service(core_pb2_grpc.LeverRPCServicer):
    methods = {"SayHello": say_hello}

    def HandleRPC(self, request, context):
        name = method_name(context)
        if name not in self.methods:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f'there is no method "{name}"')
        return core.RPCReply(result=self.methods[name](*request.args.element))

    def HandleStreamingRPC(self, requests, context):
        if method_name(context) != "EchoChan":
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f'there is no method "{method_name(context)}"')
        next(requests)  # The arguments; the answer to them is an empty message.
        yield core.StreamMessage()
        for message in requests:
            yield message


def method_name(context):
    return dict(context.invocation_metadata())["lever-url"].rsplit("/", 1)[1]


if __name__ == "__main__":
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    core_pb2_grpc.add_LeverRPCServicer_to_server(Service(), server)
    server.add_insecure_port(os.environ.get("LEVEROS_LISTEN", "0.0.0.0:3837"))
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=9))
    server.wait_for_termination()
