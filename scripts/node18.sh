#!/bin/sh
# Prints the path of a Node 18 program, from Debian's packages unpacked into a cache; nothing is installed.
# Exits with 1 and says why where it cannot be had.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/lever/node18
program=$cache/node

if [ -x "$program" ] && "$program" -e 0 >/dev/null 2>&1; then echo "$program"; exit 0; fi
if node --version 2>/dev/null | grep -q '^v18\.'; then command -v node; exit 0; fi
if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "no Node 18: this is no Debian system" >&2; exit 1
fi

mkdir -p "$cache/root"
cd "$cache"
version=$(apt-cache madison nodejs 2>/dev/null | awk '$3 ~ /^18\./ { print $3; exit }')
if [ -z "$version" ]; then echo "no Node 18: apt knows no nodejs 18" >&2; exit 1; fi
# The libraries that Debian's build links with, where the system has none.
fetch() { apt-get download "$1" >/dev/null 2>&1 || return 1; dpkg -x ./"${1%%=*}"_*.deb root; rm -f ./"${1%%=*}"_*.deb; }
for package in "nodejs=$version" "libnode108=$version"; do
    fetch "$package" || { echo "no Node 18: $package could not be downloaded" >&2; exit 1; }
done
# Debian's Node reads parts of itself from packages of their own, at a fixed place: in our copy that place is a link of the
# same length.
for package in node-acorn node-busboy node-cjs-module-lexer node-undici node-xtend; do
    fetch "$package" || { echo "no Node 18: $package could not be downloaded" >&2; exit 1; }
done
for package in libuv1 libc-ares2 libnghttp2-14 libicu72 libbrotli1 libssl3; do fetch "$package" || true; done
libraries=$(dirname "$(find "$cache/root" -name 'libnode.so.108' | head -1)")
sed -i 's#/usr/share/nodejs/#/tmp/lever-nodejs/#g' "$libraries/libnode.so.108"
printf '#!/bin/sh\nln -sfn %s/root/usr/share/nodejs /tmp/lever-nodejs\nLD_LIBRARY_PATH=%s exec %s/root/usr/bin/node "$@"\n' \
    "$cache" "$libraries" "$cache" >"$program"
chmod +x "$program"
if ! "$program" -e 0 >/dev/null 2>&1; then
    echo "no Node 18: $("$program" -e 0 2>&1 | head -1)" >&2; exit 1
fi
echo "$program"
