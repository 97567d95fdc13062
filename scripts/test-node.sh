#!/usr/bin/env bash
# The JavaScript tests on the system's Node and on Node 18, where it can be had.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=Tests/LeverNodeTests/js

echo "JavaScript tests on Node $(node --version)"
node --test "$tests"
if [[ $(node --version) == v18.* ]]; then exit 0; fi
if node18=$(scripts/node18.sh); then
    echo "JavaScript tests on Node $("$node18" --version)"
    "$node18" --test "$tests"
else
    echo "skipped: the JavaScript tests on Node 18 (the reason stands above)"
fi
