#!/usr/bin/env bash
# Starts a host on a free port with a temporary data directory, deploys Examples/hello-js and calls it in four ways.
# Each command is printed before its output, each answer is checked, and all that was started is stopped.
# usage: scripts/demo.sh <directory with lever and leveroshost>
set -euo pipefail
cd "$(dirname "$0")/.."

bin=${1:?usage: scripts/demo.sh <directory with lever and leveroshost>}
bin=$(cd "$bin" && pwd)
export PATH="$bin:$PATH"
work=$(mktemp -d "${TMPDIR:-/tmp}/lever-demo.XXXXXX")
host=
failures=0

cleanup() {
    local status=$?
    trap - EXIT INT TERM
    if [[ -n "$host" ]] && kill -0 "$host" 2>/dev/null; then
        kill -TERM "$host"
        for _ in $(seq 150); do kill -0 "$host" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$host" 2>/dev/null || true
        wait "$host" 2>/dev/null || true
    fi
    rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Prints a command, runs it, prints its output, and compares that with what it should be.
check() {
    local word line='$'
    for word in "${@:2}"; do
        if [[ $word =~ ^[A-Za-z0-9_./:=@%+-]+$ ]]; then line+=" $word"; else line+=" '$word'"; fi
    done
    printf '%s\n' "$line"
    check_quietly "$@"
}

check_quietly() {
    local expected=$1 output
    shift
    if ! output=$("$@" 2>&1); then
        printf '%s\n' "$output"
        echo "  ✗ the command failed"
        failures=$((failures + 1))
    else
        printf '%s\n' "$output"
        if [[ -n "$expected" && "$output" != "$expected" ]]; then
            echo "  ✗ expected: $expected"
            failures=$((failures + 1))
        fi
    fi
    echo
}

echo "\$ leveroshost --listen 127.0.0.1:0 --data-dir $work/data &"
leveroshost --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/host.out" 2>"$work/host.log" &
host=$!
address=
for _ in $(seq 200); do
    address=$(sed -n 's/^Lever .* listens on \([^;]*\);.*/\1/p' "$work/host.out")
    [[ -n "$address" ]] && break
    kill -0 "$host" 2>/dev/null || { cat "$work/host.log" >&2; echo "the host did not start" >&2; exit 1; }
    sleep 0.05
done
[[ -n "$address" ]] || { cat "$work/host.log" >&2; echo "the host did not say where it listens" >&2; exit 1; }
echo "listening on $address"
echo
export LEVEROS_IP_PORT=$address
echo "\$ export LEVEROS_IP_PORT=$address"
echo

check "" lever deploy dev.lever Examples/hello-js

check '"Hello, world!"' lever invoke lever://dev.lever/helloService/SayHello '"world"'

check '"Hello, world!"' curl -sS -H "Content-Type: application/json" -X POST -d '["world"]' \
    "http://$address/helloService/SayHello?forceenv=dev.lever"

mkdir "$work/client"
cp Examples/hello-js/client.js "$work/client/"
echo "\$ curl -sS http://$address/leveros.tgz | tar -xz    # what \`npm install http://$address/leveros.tgz\` does"
mkdir -p "$work/client/node_modules/leveros"
curl -sSf "http://$address/leveros.tgz" | tar -xz -C "$work/client/node_modules/leveros" --strip-components=1
echo
check "Hello, world!" node "$work/client/client.js"

# The channel: two messages there, two back.
stream() { printf '%s\n' '"one"' '"two"' | lever stream lever://dev.lever/helloService/EchoChan; }
echo "\$ printf '%s\n' '\"one\"' '\"two\"' | lever stream lever://dev.lever/helloService/EchoChan"
check_quietly $'{"number":1,"message":"one"}\n{"number":2,"message":"two"}' stream

if [[ $failures -ne 0 ]]; then
    echo "--- what the host logged:" >&2
    cat "$work/host.log" >&2
    echo "$failures of the demo's steps failed" >&2
    exit 1
fi
echo "Every answer was right."
