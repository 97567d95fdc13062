#!/bin/sh
# Builds one of the Swift examples and puts the program where its lever.json expects it: build.sh <product> <target file>
set -eu
package=$(cd "$(dirname "$0")" && pwd)
configuration=${LEVER_EXAMPLES_CONFIGURATION:-release}
# Without symbols, which halves the program.
set -- "$1" "$2" --package-path "$package" -c "$configuration" -Xlinker -s
if [ -n "${LEVER_EXAMPLES_SCRATCH_PATH:-}" ]; then set -- "$@" --scratch-path "$LEVER_EXAMPLES_SCRATCH_PATH"; fi
# With the standard library in it, so that it runs where there is no Swift.
if [ "$configuration" = release ]; then set -- "$@" --static-swift-stdlib; fi
product=$1 target=$2
shift 2
swift build "$@" --product "$product" >&2
cp "$(swift build "$@" --show-bin-path)/$product" "$target"
