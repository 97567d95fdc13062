#!/bin/sh
# Puts what the service imports into lib/: Python's gRPC, and the code for core.proto.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
if ! [ -e lib/core_pb2_grpc.py ]; then
    "$python" -m venv .venv
    .venv/bin/pip install --quiet --disable-pip-version-check grpcio-tools
    mkdir -p lib
    .venv/bin/python -m grpc_tools.protoc -I ../../Interop/Protos --python_out=lib --grpc_python_out=lib core.proto
    .venv/bin/pip install --quiet --disable-pip-version-check --target lib grpcio protobuf
fi
