#!/usr/bin/env python3
"""Memory of a host for what is idle: open channels through one proxy, beside nginx, haproxy and nghttpx, and resources.

Each proxy is started anew; what it has resident of its own is read before the channels are opened and once all are open
and have carried a message. Memory of sockets in the kernel is not in it.
"""
import argparse, os, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common


def idle(options, connections, channels, names):
    """Bytes for each channel, by proxy."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        instance = common.free_port()
        backend = common.start([f"{options.binaries}/benchmark-backend", str(instance)])
        common.wait_for(instance, backend)
        for name, command, port in common.proxies(folder, options.binaries, instance):
            if name not in names:
                continue
            proxy = common.start(command)
            common.wait_for(port, proxy)
            # One channel first, so that what is made once is not counted.
            subprocess.run(
                [f"{options.binaries}/benchmark-load", "channels", str(port), "10", "1", "1", "15"],
                stdout=subprocess.DEVNULL, timeout=60)
            before = common.resident_bytes(proxy.pid)
            load = common.start(
                [f"{options.binaries}/benchmark-load", "idle", str(port), str(connections), str(channels)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            line = common.read_line(load, 60)
            if '"failures": 0' not in line:
                print(f"  {name} cannot keep {channels:,} channels over {connections:,} connections: {line.strip()}")
            else:
                time.sleep(1)
                found[name] = (common.resident_bytes(proxy.pid) - before) / channels
            load.stdin.close()
            common.stop(load)
            common.stop(proxy)
        common.stop(backend)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--channels", type=int, default=10_000)
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--part", choices=["idle", "resources", "all"], default="all")
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    if options.part != "resources":
        common.heading("Memory: idle channels through one proxy")
        names = ["lever"] + [name for name in common.PEERS if name not in common.missing_peers()]
        rows = []
        for connections in (100, options.channels):
            # Both sides of a channel take a descriptor where each has a connection of its own.
            able = names if connections < options.channels else ["lever", "haproxy", "nghttpx"]
            found = idle(options, connections, options.channels, [name for name in names if name in able])
            rows.append([f"{options.channels:,} channels over {connections:,} connections"] + [
                f"{found[name]:,.0f}" if name in found else "–" for name in names])
        common.table(["bytes of the proxy for each channel (Lever: under 8,192)"] + names, rows)
    if options.part != "idle":
        common.heading("Memory: active resources")
        # Each in a process of its own, so that none gets memory that another has left.
        found = {
            what: common.run_json([f"{options.binaries}/benchmark-resources", what, str(options.resources)])["bytes"]
            for what in ("directory", "routes", "dictionary")}
        common.table(
            [f"bytes for each of {options.resources:,}", "directory", "routing table", "both (under 500)",
             "a plain dictionary from names to numbers"],
            [[""] + [f"{count:.0f}" for count in (
                found["directory"], found["routes"], found["directory"] + found["routes"], found["dictionary"])]])


if __name__ == "__main__":
    main()
