#!/usr/bin/env bash
# Builds and runs all benchmarks, prints their tables, and puts them into Benchmarks/README.md when RECORD=1.
# The first run builds the peers, which takes some minutes; later ones take about ten.
set -euo pipefail
cd "$(dirname "$0")/.."

for product in leveroshost lever benchmark-backend benchmark-load benchmark-proxy benchmark-resources benchmark-scaling; do
    swift build -c release --product "$product"
done
swift build -c release --package-path Benchmarks/Endpoints --static-swift-stdlib -Xlinker -s
Examples/build.sh hello-swift .build/hello-swift
bin=$(swift build -c release --show-bin-path)
endpoints=Benchmarks/Endpoints/.build/release
results=$(mktemp)
trap 'rm -f "$results"' EXIT

{
    python3 -c 'import sys; sys.path.insert(0, "Benchmarks"); import common; print(common.machine())'
    Benchmarks/Router/run.py --binaries "$bin"
    Benchmarks/Endpoints/run.py --binaries "$bin" --endpoints "$endpoints"
    Benchmarks/InProcess/run.py --endpoints "$endpoints"
    Benchmarks/Start/run.py --hello .build/hello-swift --grpc "$endpoints/grpc-endpoint"
    Benchmarks/Memory/run.py --binaries "$bin"
    Benchmarks/Host/start.py --binaries "$bin"
    printf '\n### Codec: times beside orjson and SwiftProtobuf\n\n```\n'
    Benchmarks/codec.sh 2>/dev/null | grep -v '^\[\|^Build\|^Building\|^warning'
    printf '```\n\n### Autoscaling, simulated\n\n```\n'
    "$bin/benchmark-scaling" --seed 2026 Benchmarks/Scaling/Traces/evening.csv
    printf '```\n'
} | tee "$results"

if [[ "${RECORD:-0}" == 1 ]]; then
    python3 Benchmarks/record.py "$results"
fi
