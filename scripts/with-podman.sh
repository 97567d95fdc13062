#!/usr/bin/env bash
# Runs a command with a Podman of its own, whose compatible socket is the engine of the Docker tests, as scripts/with-docker.sh
# has one of Docker: it and the command are in a network of their own, and nothing of them outlives this script. It needs
# root, podman, and an init for containers: catatonit, or Docker's.
#
#   LEVER_TEST_PODMAN_LOG       the file for what Podman says
#
# Where there can be none, the command runs nevertheless, and its tests say why they are skipped.
#
# Usage: with-podman.sh COMMAND…
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=scripts/own-network.sh
source "$scripts/own-network.sh"

skip() {
    echo "skipped: the tests with Podman: $1" >&2
    export LEVER_TEST_DOCKER_SKIPPED=$1
    exec "${command[@]}"
}

# The paths of programs that Podman would not find by itself, and its own networks beside those of this machine.
configure() {
    local init runtime=
    init=$(type -P catatonit || type -P docker-init || type -P tini) || { echo "no init for containers" >&2; return 1; }
    # Podman's usual one does not run where the first version of control groups has the controllers.
    [[ -e /sys/fs/cgroup/cgroup.controllers ]] || runtime='runtime = "runc"'
    cat >"$folder/containers.conf" <<END
[engine]
init_path = "$init"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "$folder/tmp"
$runtime
[network]
network_config_dir = "$folder/networks"
default_subnet_pools = [{base = "10.202.0.0/15", size = 24}]
END
    export CONTAINERS_CONF=$folder/containers.conf
}

answers() { [[ $(curl --silent --max-time 2 --unix-socket "$folder/podman.sock" http://engine/_ping) == OK ]]; }

start_engine() {
    set_up_network "$folder" && mount -t tmpfs tmpfs /run/lock && configure && mkdir "$folder/networks" || return 1
    # Conmon leaves files where it was started.
    (cd "$folder" && exec podman --root "$folder/data" --runroot "$folder/run" system service --time 0 \
        "unix://$folder/podman.sock") >"$folder/engine.log" 2>&1 </dev/null &
    engine=$!
    local deadline=$((SECONDS + 60))
    until answers; do
        if ((SECONDS >= deadline)) || ! kill -0 "$engine" 2>/dev/null; then
            echo "podman does not answer: $(tail -2 "$folder/engine.log" | tr '\n' ' ' | cut -c 1-500)" >&2
            return 1
        fi
        sleep 0.1
    done
}

end() {
    if [[ -n "$engine" ]]; then
        podman --root "$folder/data" --runroot "$folder/run" rm --all --force --time 0 >/dev/null 2>&1 || true
        kill "$engine" 2>/dev/null || true
    fi
    if [[ -n "${LEVER_TEST_PODMAN_LOG:-}" ]]; then cp "$folder/engine.log" "$LEVER_TEST_PODMAN_LOG" || true; fi
    umount --lazy "$folder/data/overlay" 2>/dev/null || true
    rm -rf "$folder"
}

if [[ "${1:-}" == --within ]]; then
    shift
    command=("$@")
    folder=$(mktemp --directory /tmp/lever-podman-XXXXXX)
    engine=
    trap end EXIT
    # As the first process of its space it would not hear of them otherwise.
    trap 'exit 143' TERM
    trap 'exit 130' INT
    status=0
    if start_engine 2>"$folder/errors"; then
        DOCKER_HOST=unix://$folder/podman.sock "$scripts/with-docker.sh" "${command[@]}" || status=$?
    else
        reason=$(tail -1 "$folder/errors")
        echo "skipped: the tests with Podman: $reason" >&2
        LEVER_TEST_DOCKER_SKIPPED=$reason "${command[@]}" || status=$?
    fi
    exit "$status"
fi

command=("$@")
[[ $(id -u) -eq 0 ]] || skip "only root can start one in a network of its own"
for program in podman nft ip unshare; do type -P "$program" >/dev/null || skip "there is no $program"; done
spaces=(--net --mount --pid --fork --kill-child --mount-proc)
unshare "${spaces[@]}" true 2>/dev/null || skip "there can be no network of its own"
exec unshare "${spaces[@]}" "$0" --within "${command[@]}"
