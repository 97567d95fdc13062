#!/usr/bin/env bash
# Runs a command with all that the Docker tests need, as LEVER_TEST_DOCKER_* in its environment:
#
#   LEVER_TEST_DOCKER_SOCKET        the engine's socket
#   LEVER_TEST_DOCKER_IMAGE         what scripts/docker-test-image.sh says
#   LEVER_TEST_DOCKER_EMPTY_IMAGE
#   LEVER_TEST_DOCKER_ENGINE        the folder of the engine, for scripts/docker-test-engine.sh, where tests may restart it
#   LEVER_TEST_DOCKER_SKIPPED       why there is none of it: then the command runs nevertheless, and its tests say so
#
# The engine is the one of DOCKER_HOST or /var/run/docker.sock where one answers. Where none does, root gets one of its own,
# which ends with the command; it and the command are in a network of their own, so that neither its packet filter nor its
# bridges are those of this machine, and nothing of them outlives this script, however it ends. Images are kept in
# .build/docker.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/own-network.sh
source "$scripts/own-network.sh"
cached=$(dirname "$scripts")/.build/docker
# What scripts/test.sh has made.
python=$(dirname "$scripts")/.build/python-grpc/bin/python
if [[ -z "${LEVER_TEST_PYTHON:-}" && -x "$python" ]]; then export LEVER_TEST_PYTHON=$python; fi

skip() {
    echo "skipped: the Docker tests: $1" >&2
    export LEVER_TEST_DOCKER_SKIPPED=$1
    exec "${command[@]}"
}

# The images, in the engine at a socket; gives up with a reason.
images() {
    local names
    names=$(timeout 300 "$scripts/docker-test-image.sh" "$1" 2>"$errors") || return 1
    # shellcheck disable=SC2163
    while read -r name; do export "$name"; done <<<"$names"
    export LEVER_TEST_DOCKER_SOCKET=$1
}

start_engine() {
    mkdir -p "$cached"
    exec 9>"$cached/lock"
    flock --wait 900 9 || { echo "another run of the tests has the engine in $cached" >"$errors"; return 1; }
    # What a run that was killed has left.
    if [[ -e "$cached/engine" ]]; then
        "$scripts/docker-test-engine.sh" stop "$(cat "$cached/engine")"
        rm -rf "$(cat "$cached/engine")"
    fi
    echo "$folder" >"$cached/engine"
    "$scripts/docker-test-engine.sh" start "$folder" "$cached/data" 2>"$errors" || return 1
    # Of earlier runs only images are kept.
    for kind in containers networks; do
        curl --silent --max-time 60 --unix-socket "$folder/docker.sock" --request POST --output /dev/null \
            "http://engine/v1.41/$kind/prune" || true
    done
}

end() {
    "$scripts/docker-test-engine.sh" stop "$folder" || true
    if [[ -n "${LEVER_TEST_DOCKER_LOG:-}" ]]; then cp "$folder/engine.log" "$LEVER_TEST_DOCKER_LOG" || true; fi
    rm -rf "$folder" "$cached/engine"
}

if [[ "${1:-}" == --within ]]; then
    shift
    command=("$@")
    folder=$(mktemp --directory /tmp/lever-docker-XXXXXX)
    errors=$folder/errors
    trap end EXIT
    # As the first process of its space it would not hear of them otherwise.
    trap 'exit 143' TERM
    trap 'exit 130' INT
    reason=
    if ! set_up_network "$folder" 2>"$errors" || ! start_engine || ! images "$folder/docker.sock"; then
        reason=$(tail -1 "$errors")
        echo "skipped: the Docker tests: $reason" >&2
        export LEVER_TEST_DOCKER_SKIPPED=$reason
    else
        export LEVER_TEST_DOCKER_ENGINE=$folder
    fi
    status=0
    "${command[@]}" 9>&- || status=$?
    exit "$status"
fi

command=("$@")
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
socket=/var/run/docker.sock
case ${DOCKER_HOST:-} in
    unix://*) socket=${DOCKER_HOST#unix://} ;;
    ?*) skip "they need an engine at a unix socket, and DOCKER_HOST is $DOCKER_HOST" ;;
esac
if [[ $(curl --silent --max-time 5 --unix-socket "$socket" http://engine/_ping) == OK ]]; then
    images "$socket" || skip "$(tail -1 "$errors")"
    "${command[@]}"
    exit
fi
[[ $(id -u) -eq 0 ]] || skip "no engine answers at $socket, and only root can start one"
for program in dockerd nft ip unshare; do
    type -P "$program" >/dev/null || skip "no engine answers at $socket, and there is no $program to start one"
done
spaces=(--net --mount --pid --fork --kill-child --mount-proc)
unshare "${spaces[@]}" true 2>"$errors" || skip "no engine answers at $socket, and $(tail -1 "$errors")"
exec unshare "${spaces[@]}" "$0" --within "${command[@]}"
