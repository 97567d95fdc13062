#!/bin/sh
# Builds one of the Swift examples and puts the program where its lever.json expects it: build.sh <product> <target file>
set -eu
package=$(cd "$(dirname "$0")" && pwd)
configuration=${LEVER_EXAMPLES_CONFIGURATION:-release}
swift build --package-path "$package" -c "$configuration" --static-swift-stdlib --product "$1" >&2
cp "$(swift build --package-path "$package" -c "$configuration" --static-swift-stdlib --show-bin-path)/$1" "$2"
