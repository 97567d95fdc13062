#!/usr/bin/env bash
# All tests: the Swift ones last, so that their summary stands at the end. Options go to `swift test`.
set -euo pipefail
cd "$(dirname "$0")/.."

# Says what comes, and how long what came before has taken.
step() {
    echo "== $1 (after $((SECONDS / 60)) min $((SECONDS % 60)) s)"
}

step "Python's gRPC"
# Python's gRPC as client and service; kept between runs.
venv=${LEVER_TEST_VENV:-.build/python-grpc}
if [[ ! -x "$venv/bin/python" ]] || ! "$venv/bin/python" -c 'import grpc, grpc_tools' 2>/dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check grpcio grpcio-tools
fi
LEVER_TEST_PYTHON=$(cd "$venv" && pwd)/bin/python
export LEVER_TEST_PYTHON

step "JavaScript"
scripts/test-node.sh

step "build"
swift build --build-tests
scripts/without-docker.sh
step "documentation"
scripts/docs.sh
step "examples"
scripts/test-examples.py --binaries "$(swift build --show-bin-path)"

# Tests start real processes and keep real deadlines: one after the other, they do not take each other's time.

step "interoperation"
# Peers that take long to build live in a package of their own.
scripts/nested.sh test Interop --no-parallel

step "Swift"
# A test that never ends should not hold up everything for ever; the last line says which it was.
limit=${LEVER_TEST_TIME_LIMIT:-40m}
status=0
timeout --signal=KILL "$limit" scripts/with-docker.sh stdbuf --output=L swift test --skip-build --no-parallel "$@" || status=$?
if [[ $status -eq 137 ]]; then echo "the tests were killed: they did not end within $limit" >&2; fi
step "end"
exit "$status"
