#!/usr/bin/env bash
# Builds the images of the Docker tests out of this machine's own programs, without a registry, into the engine at the
# socket SOCKET, and prints their names as assignments for the environment. What the engine has already is not built again.
#
#   LEVER_TEST_DOCKER_IMAGE         sh, bash, coreutils, node; with Python and its gRPC where LEVER_TEST_PYTHON names one
#   LEVER_TEST_DOCKER_EMPTY_IMAGE   nothing at all: no shell, no node
#
# Usage: docker-test-image.sh SOCKET
set -euo pipefail
socket=${1:?usage: docker-test-image.sh SOCKET}

programs=(sh bash node env cat ls cp mv rm mkdir rmdir mktemp ln chmod id sleep true false head tail wc tr yes dd df sort seq
    date kill timeout grep sed find xargs test stat touch uname sha256sum)
python=${LEVER_TEST_PYTHON:-}
if [[ -n "$python" && ! -x "$python" ]]; then echo "LEVER_TEST_PYTHON is no program: $python" >&2; exit 1; fi

engine() {
    local path=$1; shift
    curl --silent --show-error --max-time 120 --unix-socket "$socket" "$@" "http://engine/v1.41$path"
}
has() { [[ $(engine "/images/$1/json" --output /dev/null --write-out '%{http_code}') == 200 ]]; }

# Copies a file to its place in the image, as the file that it is a link to.
add_file() {
    local place="$root$1"
    [[ -e "$place" ]] && return
    mkdir -p "$(dirname "$place")"
    cp --dereference "$1" "$place"
}

# Copies the libraries that programs and libraries name.
add_libraries() {
    local library
    while read -r library; do add_file "$library"; done < <(
        ldd "$@" 2>/dev/null | grep --only-matching '/[^ :()]*\.so[^ :()]*' | sort -u)
}

add_programs() {
    local program path paths=()
    for program in "${programs[@]}"; do
        path=$(type -P "$program") || { echo "no image: this machine has no $program" >&2; exit 1; }
        path=$(readlink --canonicalize "$path")
        cp "$path" "$root/usr/bin/$program"
        paths+=("$path")
    done
    add_libraries "${paths[@]}"
}

# The interpreter, its standard library without the parts that no service uses, and the packages of the environment that
# LEVER_TEST_PYTHON belongs to: all where they lie here, and `python3` in PATH.
add_python() {
    local base standard packages folder
    base=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
    standard=$("$python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    add_file "$base"
    for folder in "$standard" "$packages"; do
        mkdir -p "$root$folder"
        tar --create --directory "$folder" --exclude=__pycache__ --exclude=./test --exclude=./idlelib --exclude=./tkinter \
            --exclude=./ensurepip --exclude=./lib2to3 --exclude='./config-*' --exclude=./site-packages --exclude=./pip \
            --exclude=./setuptools . | tar --extract --directory "$root$folder"
    done
    # A venv's program looks for its packages beside itself.
    mkdir -p "$root$(dirname "$python")"
    ln -s "$base" "$root$python"
    cp "$(dirname "$(dirname "$python")")/pyvenv.cfg" "$root$(dirname "$(dirname "$python")")/" 2>/dev/null || true
    printf '#!/bin/sh\nexec %s "$@"\n' "$python" >"$root/usr/bin/python3"
    chmod 755 "$root/usr/bin/python3"
    local libraries=("$base") library
    while IFS= read -r -d '' library; do libraries+=("${library#"$root"}"); done < <(
        find "$root$standard" "$root$packages" -name '*.so*' -print0)
    add_libraries "${libraries[@]}"
}

add_system() {
    mkdir -p "$root"/{usr/{bin,lib,lib64,sbin},etc,tmp,proc,sys,dev,run,var/tmp,root,home}
    ln -s usr/bin "$root/bin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"; ln -s usr/sbin "$root/sbin"
    chmod 1777 "$root/tmp" "$root/var/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    echo "hosts: files dns" >"$root/etc/nsswitch.conf"
    cp -r /etc/ld.so.conf /etc/ld.so.conf.d "$root/etc/" 2>/dev/null || true
}

# Whoever is not root can read all of it, wherever it lay.
import() {
    chmod -R a+rX "$root"
    tar --create --directory "$root" --owner=0 --group=0 --numeric-owner . |
        engine "/images/create?fromSrc=-&repo=${1%%:*}&tag=${1##*:}" --request POST \
            --header 'Content-Type: application/x-tar' --upload-file - >"$scratch/answer"
    # Podman 4 does not hear of the tag.
    has "$1" || engine "/images/${1%%:*}:latest/tag?repo=${1%%:*}&tag=${1##*:}" --request POST --output "$scratch/answer"
    has "$1" || { echo "the engine did not take the image $1: $(tail -c 300 "$scratch/answer")" >&2; exit 1; }
}

# What the images are made of names them.
state=$({
    cat "$0"
    for program in "${programs[@]}"; do stat --dereference --format '%n %s %Y' "$(type -P "$program")"; done
    if [[ -n "$python" ]]; then "$python" -c 'import sys, grpc; print(sys.executable, sys.version, grpc.__version__)'; fi
} | sha256sum | cut -c 1-12)
image=lever-test:$state
empty=lever-test-empty:$state

scratch=$(mktemp --directory)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root

# Those that were built of what is not there any more.
remove_earlier() {
    local name
    for name in $(engine /images/json --get --data-urlencode 'filters={"reference":["lever-test","lever-test-empty"]}' |
        grep --only-matching '"lever-test[^"]*:[^"]*"' | tr -d '"'); do
        [[ "$name" == *:"$state" ]] || engine "/images/$name?force=1" --request DELETE --output /dev/null
    done
}

if ! has "$image"; then
    remove_earlier
    mkdir "$root"
    add_system
    add_programs
    [[ -z "$python" ]] || add_python
    ldconfig -r "$root" 2>/dev/null || true
    import "$image"
    rm -rf "$root"
fi
if ! has "$empty"; then
    mkdir --parents "$root/tmp"
    chmod 1777 "$root/tmp"
    import "$empty"
fi
echo "LEVER_TEST_DOCKER_IMAGE=$image"
echo "LEVER_TEST_DOCKER_EMPTY_IMAGE=$empty"
