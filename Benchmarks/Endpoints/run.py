#!/usr/bin/env python3
"""CPU of one call at its ends: Lever's service SDK and client beside grpc-swift-2's, with 1 and with 64 calls at a time.

Each server gets the same load from `benchmark-load`, each client the same instance, `benchmark-backend`; all have one thread
for their connections. CPU is the user and system time of the measured process. grpc-swift-2 gets its messages as bytes
that are neither encoded nor decoded; Lever's figures have its codec in them.
"""
import argparse, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common

CALLS = {1: 10_000, 64: 60_000}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls to make")
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    parser.add_argument("--endpoints", default=os.path.join(HERE, ".build/release"))
    options = parser.parse_args()
    load = os.path.join(os.path.abspath(options.binaries), "benchmark-load")
    backend = os.path.join(os.path.abspath(options.binaries), "benchmark-backend")
    programs = {
        name: os.path.join(os.path.abspath(options.endpoints), f"{name}-endpoint") for name in ("lever", "grpc")}
    common.heading("Endpoints: CPU µs per call")
    instance = common.free_port()
    common.wait_for(instance, common.start([backend, str(instance)], 1))
    servers = {}
    for name, program in programs.items():
        port = common.free_port()
        process = common.start([program, "server", str(port)], 0)
        common.wait_for(port, process)
        servers[name] = (process, port)
    found = {}
    for _ in range(options.rounds):
        for concurrency, calls in CALLS.items():
            for name, program in programs.items():
                # Lever's share of the time is small: more calls, for the clock.
                count = max(640, int(calls * options.scale) * (3 if name == "lever" else 1))
                process, port = servers[name]
                before = common.cpu_seconds(process.pid)
                answer = common.run_json(
                    [load, "unary", str(port), str(count), "1", str(concurrency), "1", "15"], core=1)
                if answer["failures"]:
                    sys.exit(f"{answer['failures']} of {count} calls to the server of {name} failed")
                used = (common.cpu_seconds(process.pid) - before) * 1e6 / count
                found.setdefault(("server", concurrency, name), []).append(used)
                answer = common.run_json([program, "client", str(instance), str(count), str(concurrency)], core=0)
                found.setdefault(("client", concurrency, name), []).append(answer["cpu"])
    rows = []
    for role in ("server", "client"):
        for concurrency in CALLS:
            lever, grpc = (common.median(found[role, concurrency, name]) for name in ("lever", "grpc"))
            goal = "under 0.1" if concurrency == 64 else ""
            rows.append([f"{role}, {concurrency} at a time", f"{lever:.2f}", f"{grpc:.2f}", f"{lever / grpc:.3f}", goal])
    common.table(["", "Lever", "grpc-swift-2", "ratio", "to reach"], rows)


if __name__ == "__main__":
    main()
