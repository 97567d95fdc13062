"""Times orjson on the documents: the fewest nanoseconds per document of several rounds."""

import pathlib
import sys
import time

import orjson


def fewest(body):
    count = 1
    while True:
        start = time.perf_counter_ns()
        for _ in range(count):
            body()
        passed = time.perf_counter_ns() - start
        if passed > 20_000_000:
            break
        count *= 2
    best = passed / count
    for _ in range(8):
        start = time.perf_counter_ns()
        for _ in range(count):
            body()
        best = min(best, (time.perf_counter_ns() - start) / count)
    return best


folder = pathlib.Path(sys.argv[1])
for name in ("small", "medium", "large"):
    text = (folder / f"{name}.json").read_bytes()
    value = orjson.loads(text)
    print(f"orjson {name} encode {fewest(lambda: orjson.dumps(value)):.1f}")
    print(f"orjson {name} decode {fewest(lambda: orjson.loads(text)):.1f}")
