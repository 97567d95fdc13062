#!/usr/bin/env bash
# Installs the system packages that building needs; with --tests those that tests need, too. Only what is missing, with
# sudo where this is not root. On systems without apt it says what is needed and goes on.
set -euo pipefail

declare -A needed=(
    [zlib1g-dev]="test -e /usr/include/zlib.h"
    [libssl-dev]="test -e /usr/include/openssl/evp.h"
    [libsqlite3-dev]="test -e /usr/include/sqlite3.h"
    [nodejs]="command -v node"
    [pkg-config]="command -v pkg-config"
    [curl]="command -v curl"
)
if [[ "${1:-}" == --tests ]]; then
    needed[nghttp2-client]="command -v h2load"
    needed[python3]="command -v python3"
    needed[python3-venv]="python3 -c 'import ensurepip, venv'"
    needed[make]="command -v make"
    # For the Docker driver: an engine, where there is none in any other way, and what its host filters packets with.
    needed[docker.io]="command -v dockerd || command -v docker"
    needed[nftables]="command -v nft || test -x /usr/sbin/nft"
    needed[iproute2]="command -v ip"
    # Certificates for an engine over TLS.
    needed[openssl]="command -v openssl"
fi

missing=()
for package in "${!needed[@]}"; do
    eval "${needed[$package]}" >/dev/null 2>&1 || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Please install these, under the names that they have on this system: ${missing[*]}" >&2
    exit 0
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "These packages are missing and there is no sudo: ${missing[*]}" >&2; exit 1; }
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 || {
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
}
