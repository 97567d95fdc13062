"""Prints the least time of each figure and how it stands to orjson and SwiftProtobuf."""

import sys

times = {}
for line in open(sys.argv[1], encoding="utf-8"):
    codec, document, direction, nanoseconds = line.split()
    key = (codec, document, direction)
    times[key] = min(float(nanoseconds), times.get(key, float("inf")))


def shown(nanoseconds):
    return f"{nanoseconds / 1e6:.2f} ms" if nanoseconds > 1e5 else f"{nanoseconds:.0f} ns"


print("| document, direction | wire | JSON text | orjson | SwiftProtobuf | wire ÷ orjson | JSON ÷ orjson | wire ÷ SwiftProtobuf |")
print("|---|---|---|---|---|---|---|---|")
for document in ("small", "medium", "large"):
    for direction in ("encode", "decode"):
        wire, text, orjson, protobuf = (
            times[codec, document, direction] for codec in ("wire", "json", "orjson", "protobuf")
        )
        print(
            f"| {document}, {direction} | {shown(wire)} | {shown(text)} | {shown(orjson)} | {shown(protobuf)} "
            f"| {wire / orjson:.2f} | {text / orjson:.2f} | {wire / protobuf:.2f} |"
        )
