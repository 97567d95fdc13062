#!/usr/bin/env bash
# Checks that `leveroshost` compiles without the package's trait Docker, among what `swift build` has built: the program alone, which
# takes seconds. A build without the trait would compile everything once more.
set -euo pipefail
cd "$(dirname "$0")/.."

built=$(swift build --show-bin-path)
maps=()
for map in "$built"/*.build/module.modulemap .build/checkouts/*/Sources/*/include/module.modulemap \
    .build/checkouts/*/Sources/*/module.modulemap Sources/*/module.modulemap; do
    if [[ -f "$map" ]]; then maps+=(-Xcc "-fmodule-map-file=$(realpath "$map")"); fi
done
swiftc -typecheck -parse-as-library -warnings-as-errors -swift-version 6 -package-name lever \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility \
    -I "$built/Modules" -I Sources/CProcess/include "${maps[@]}" Sources/leveroshost/*.swift
echo "leveroshost compiles without containers"
