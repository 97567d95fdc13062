#!/bin/sh
# Times the wire codec and JSON text beside orjson and SwiftProtobuf, all in one run, and prints the ratios.
# Needs python3 with pip; the first run builds SwiftProtobuf, which takes some minutes. ROUNDS=3 is the default.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

python3 Benchmarks/Codec/documents.py "$work"
# A recent orjson of our own: distributions ship old ones, which are slower.
[ -d .build/benchmark-python/orjson ] || python3 -m pip install --quiet --target .build/benchmark-python 'orjson>=3.13'
export PYTHONPATH="$PWD/.build/benchmark-python"
swift build -c release --product benchmark-codec
swift build -c release --package-path Interop --product CodecProtobufBenchmark
lever="$(swift build -c release --show-bin-path)/benchmark-codec"
protobuf="$(swift build -c release --package-path Interop --show-bin-path)/CodecProtobufBenchmark"

# Each round times all of them, so that what else the machine does meets every one; the least of each counts.
round=0
while [ "$round" -lt "${ROUNDS:-3}" ]; do
    "$lever" "$work" >>"$work/times"
    python3 Benchmarks/Codec/orjson_times.py "$work" >>"$work/times"
    "$protobuf" "$work" >>"$work/times"
    round=$((round + 1))
done
python3 Benchmarks/Codec/ratios.py "$work/times"
