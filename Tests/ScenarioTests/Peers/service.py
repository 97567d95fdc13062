"""A service with Python's own gRPC: listens where LEVEROS_LISTEN says, else on port 3837."""
import os
import signal
import sys
from concurrent import futures

import grpc

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "stubs"))
import core_pb2 as core
import core_pb2_grpc


class Service(core_pb2_grpc.LeverRPCServicer):
    def HandleRPC(self, request, context):
        metadata = dict(context.invocation_metadata())
        method = metadata["lever-url"].rsplit("/", 1)[1]
        if method == "Greet":
            return core.RPCReply(result=core.JSON(json_string="Hello from Python, " + request.args.element[0].json_string))
        if method == "Bytes":
            return core.RPCReply(byte_result=request.byte_args[::-1])
        if method == "Gateway":
            return core.RPCReply(result=core.JSON(json_string=metadata.get("x-lever-internal-rpc-gateway", "")))
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found")

    def HandleStreamingRPC(self, requests, context):
        next(requests)
        yield core.StreamMessage()
        for request in requests:
            yield request


listen = os.environ.get("LEVEROS_LISTEN") if os.environ.get("LEVEROS_CONFIG", "").find("oldPort") < 0 else None
address = listen or "0.0.0.0:3837"
server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
core_pb2_grpc.add_LeverRPCServicer_to_server(Service(), server)
server.add_insecure_port(address)
server.start()
signal.signal(signal.SIGTERM, lambda *_: server.stop(5))
server.wait_for_termination()
