#!/usr/bin/env python3
"""CPU and time of a call that stays within the process: Lever's transport alone, with client and service, through a host's
router; beside grpc-swift-2's in-process transport. All take turns, with 1 and with 64 calls at a time.
"""
import argparse, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common

CALLS = {1: 200_000, 64: 200_000}
KINDS = {
    "handler": ("lever", "transport and a handler that answers at once"),
    "service": ("lever", "transport, LeverClient and LeverService"),
    "host-handler": ("lever", "a host's router and the handler"),
    "host-service": ("lever", "a host's router, LeverClient and LeverService"),
    "grpc": ("grpc", "grpc-swift-2, in-process transport"),
}
GOAL = 2.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls to make")
    parser.add_argument("--endpoints", default=os.path.join(os.path.dirname(HERE), "Endpoints/.build/release"))
    options = parser.parse_args()
    common.heading("In process: µs per call")
    found = {}
    for _ in range(options.rounds):
        for concurrency, calls in CALLS.items():
            for kind, (program, _) in KINDS.items():
                # The peer takes several times as long.
                count = max(640, int(calls * options.scale / (4 if program == "grpc" else 1)))
                path = os.path.join(os.path.abspath(options.endpoints), f"{program}-in-process")
                answer = common.run_json([path, kind, str(count), str(concurrency)])
                if answer["failures"]:
                    sys.exit(f"{answer['failures']} of {count} calls of {path} {kind} failed")
                found.setdefault((kind, concurrency), []).append((answer["cpu"], answer["seconds"] * 1e6 / count))
    rows = []
    for kind, (_, text) in KINDS.items():
        cells = [text]
        for concurrency in CALLS:
            cpu, time = zip(*found[kind, concurrency])
            cells += [f"{common.median(cpu):.2f}", f"{common.median(time):.2f}"]
        rows.append(cells + [f"under {GOAL:.0f}" if kind in ("handler", "host-service") else ""])
    columns = [f"{what}, {concurrency} at a time" for concurrency in CALLS for what in ("CPU", "time")]
    common.table(["", *columns, "to reach"], rows)


if __name__ == "__main__":
    main()
