#!/usr/bin/env bash
# Builds the documentation of all modules as one site; what DocC warns about is an error. It needs nothing but the toolchain:
# the modules come from the debug build, their symbols from `swift symbolgraph-extract`.
# usage: scripts/docs.sh [directory of the site, by default .build/documentation]
set -euo pipefail
cd "$(dirname "$0")/.."

# In the order of their dependencies, since links go that way.
modules=(LeverCore LeverClient LeverService LeverActors LeverRouter LeverRuntime LeverDocker LeverTesting)
site=${1:-.build/documentation}
work=.build/docc
docc=$(command -v docc) || docc=$(dirname "$(readlink -f "$(command -v swiftc)")")/docc
[[ -x "$docc" ]] || { echo "There is no docc beside swiftc: it is a part of the Swift toolchain." >&2; exit 1; }

# Whatever the others need is among what these are made of.
for module in LeverActors LeverDocker LeverTesting; do swift build --target "$module"; done
bin=$(swift build --show-bin-path)
# The modules in C that ours are built on, as SwiftPM tells the compiler.
mapfile -t maps < <(grep -oh '"-fmodule-map-file=[^"]*"' .build/debug.yaml | tr -d '"' | sort -u)
options=(-target "$(swiftc -print-target-info | sed -n 's/^ *"triple": "\(.*\)",*$/\1/p' | head -1)")
if command -v xcrun >/dev/null; then options+=(-sdk "$(xcrun --show-sdk-path)"); fi
options+=(-I "$bin/Modules" -module-cache-path "$bin/ModuleCache" -minimum-access-level public -skip-synthesized-members)
for map in "${maps[@]}"; do options+=(-Xcc "$map"); done

rm -rf "$work" "$site"
archives=()
dependencies=()
failed=()
for module in "${modules[@]}"; do
    symbols=$work/symbols/$module
    mkdir -p "$symbols"
    swift symbolgraph-extract -module-name "$module" "${options[@]}" -output-dir "$symbols"
    # Extensions of other people's types are no pages of ours.
    archive=$work/$module.doccarchive
    "$docc" convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$symbols" --output-path "$archive" \
        --fallback-display-name "$module" --fallback-bundle-identifier "lever.$module" --warnings-as-errors \
        --enable-experimental-external-link-support ${dependencies[@]+"${dependencies[@]}"} || failed+=("$module")
    [[ -d "$archive" ]] || continue
    archives+=("$archive")
    dependencies+=(--dependency "$archive")
done
if [[ ${#failed[@]} -ne 0 ]]; then
    echo "The documentation of these modules has faults: ${failed[*]}" >&2
    exit 1
fi
"$docc" merge "${archives[@]}" --synthesized-landing-page-name Lever --synthesized-landing-page-kind Package \
    --output-path "$site"
echo "The documentation is in $site; to read it: python3 -m http.server --directory $site 8000,"
echo "then http://127.0.0.1:8000/documentation/"
