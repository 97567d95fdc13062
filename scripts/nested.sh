#!/usr/bin/env bash
# Builds or tests a nested package among the objects of the root package: what both are made of, Lever included, is compiled only
# once. Versions of dependencies have to be the same for that, so those of the root package are taken.
# usage: scripts/nested.sh build|test <directory> [option ...]
set -euo pipefail
cd "$(dirname "$0")/.."

command=${1:?usage: scripts/nested.sh build|test <directory> [option ...]}
package=${2:?usage: scripts/nested.sh build|test <directory> [option ...]}
shift 2
[[ -f Package.resolved ]] || swift package resolve
if [[ ! "$package/Package.resolved" -nt Package.resolved ]]; then cp Package.resolved "$package/Package.resolved"; fi
exec swift "$command" --package-path "$package" --scratch-path .build "$@"
