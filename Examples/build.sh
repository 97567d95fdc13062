#!/bin/sh
# Builds one of the Swift examples and puts the program where its lever.json expects it: build.sh <product> <target file>
set -eu
package=$(cd "$(dirname "$0")" && pwd)
# With the standard library in it, so that it runs where there is no Swift; without symbols, which halves it.
build() {
    swift build --package-path "$package" -c "${LEVER_EXAMPLES_CONFIGURATION:-release}" --static-swift-stdlib -Xlinker -s "$@"
}
build --product "$1" >&2
cp "$(build --show-bin-path)/$1" "$2"
