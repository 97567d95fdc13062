#!/usr/bin/env bash
# All tests: the Swift ones last, so that their summary stands at the end. Options go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

# Python's gRPC as client and service; kept between runs.
venv=${LEVER_TEST_VENV:-.build/python-grpc}
if [[ ! -x "$venv/bin/python" ]] || ! "$venv/bin/python" -c 'import grpc, grpc_tools' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check grpcio grpcio-tools
fi
LEVER_TEST_PYTHON=$(cd "$venv" && pwd)/bin/python
export LEVER_TEST_PYTHON

scripts/test-node.sh

swift build --build-tests
scripts/test-examples.py --binaries "$(swift build --show-bin-path)"

# Tests start real processes and keep real deadlines: one after the other, they do not take each other's time.

# Peers that take long to build live in a package of their own.
scripts/nested.sh test Interop --no-parallel

exec scripts/with-docker.sh swift test --skip-build --no-parallel "$@"
