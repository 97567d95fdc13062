#!/usr/bin/env bash
# A Docker engine of the tests' own: its socket, its log and its containers are in FOLDER, which should have a short name
# (the paths of unix sockets are limited), its images in FOLDER/data unless DATA names another place.
#
# It has more networks to give than an engine's usual 31.
#
# Usage: docker-test-engine.sh start FOLDER [DATA]     starts it and waits until it answers
#        docker-test-engine.sh stop FOLDER             ends it, with its containers
#        docker-test-engine.sh kill FOLDER             ends it with SIGKILL; its containers go on
#        docker-test-engine.sh restart FOLDER          stop, start
set -euo pipefail
command=${1:?usage: docker-test-engine.sh start|stop|kill|restart FOLDER [DATA]}
folder=${2:?usage: docker-test-engine.sh $1 FOLDER [DATA]}

answers() { [[ $(curl --silent --max-time 2 --unix-socket "$folder/docker.sock" http://engine/_ping) == OK ]]; }
# One that has ended but was not waited for by its parent has no program any more.
runs() { [[ $(readlink "/proc/$(cat "$folder/docker.pid" 2>/dev/null)/exe") == */dockerd ]]; }

# Waits up to SECONDS until a command is true.
wait_until() {
    local deadline=$((SECONDS + $1)); shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}
has_ended() { ! runs; }

start() {
    mkdir -p "$folder"
    [[ -e "$folder/data" || -L "$folder/data" ]] || {
        mkdir -p "${1:-$folder/data}"
        [[ -z "${1:-}" ]] || ln -s "$(readlink --canonicalize "$1")" "$folder/data"
    }
    setsid --fork dockerd --data-root "$(readlink --canonicalize "$folder/data")" --exec-root "$folder/exec" \
        --pidfile "$folder/docker.pid" --host "unix://$folder/docker.sock" --shutdown-timeout 5 \
        --default-address-pool base=10.200.0.0/15,size=24 \
        >>"$folder/engine.log" 2>&1 </dev/null 9>&-
    # It may end before it has written its number: then nothing answers.
    if ! wait_until 60 answers; then
        echo "the engine did not answer within 60 s: $(grep --invert-match level=info "$folder/engine.log" |
            tail -2 | tr '\n' ' ' | cut -c 1-500)" >&2
        stop
        return 1
    fi
}

stop() {
    runs || return 0
    local pid
    pid=$(cat "$folder/docker.pid")
    kill "$pid" 2>/dev/null || true
    wait_until 30 has_ended || kill -9 "$pid" 2>/dev/null || true
}

case $command in
    start) start "${3:-}" ;;
    stop) stop ;;
    kill) if runs; then kill -9 "$(cat "$folder/docker.pid")"; wait_until 10 has_ended; fi ;;
    restart) stop; start ;;
    *) echo "docker-test-engine.sh: no command \"$command\"" >&2; exit 2 ;;
esac
