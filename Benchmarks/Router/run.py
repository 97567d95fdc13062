#!/usr/bin/env python3
"""CPU and latency of one call through one proxy core: Lever's data path beside nginx, haproxy and nghttpx.

All are measured in the same run, in turns, with the same instance behind them and the same load in front; each proxy has
one thread and, where the machine has two cores, core 0 to itself. CPU is the user and system time of the proxy's own
processes; added latency is what a call takes more than one that goes to the instance directly. Prints the median of the
rounds, and the ratio of Lever's figure to the best of the peers.
"""
import argparse, os, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common

# name, kind, calls or messages, then what the kind takes; the figure to reach
LOADS = [
    ("1 connection × 1 stream", "unary", 15_000, (1, 1, 1, 15), 0.9),
    ("4 × 16", "unary", 100_000, (4, 16, 1, 15), 0.75),
    ("16 × 32", "unary", 150_000, (16, 32, 1, 15), 0.75),
    ("2,000 destinations, 4 × 16", "unary", 100_000, (4, 16, 2_000, 15), 0.9),
    ("64 KB body, 4 × 16", "unary", 15_000, (4, 16, 1, 65_536), 0.75),
    ("1 MB echo, 2 × 4", "echo", 400, (2, 4, 1, 1_048_576), 0.75),
    ("200 channels, small messages", "channels", 100_000, (4, 200, 15), 0.75),
]
# nginx takes up to 20 times as long as the others: it gets a share of the calls, for the same figure per call.
SHARES = {"nginx": 0.3}


def measure(load, running, options):
    name, kind, calls, numbers, _ = load
    results = {one[0]: {"cpu": [], "p50": [], "p99": []} for one in running}
    for _ in range(options.rounds):
        for proxy, process, port in running:
            count = max(options.minimum, int(calls * options.scale * SHARES.get(proxy, 1)))
            before = common.cpu_seconds(process.pid)
            answer = common.run_json(
                [f"{options.binaries}/benchmark-load", kind] + [str(value) for value in (port, count, *numbers)], core=1, timeout=60)
            if answer["failures"]:
                print(f"\n{proxy} cannot do \"{name}\": {answer['failures']} of {count} calls failed", flush=True)
                results.pop(proxy, None)
                running = [one for one in running if one[0] != proxy]
                continue
            results[proxy]["cpu"].append((common.cpu_seconds(process.pid) - before) * 1e6 / count)
            results[proxy]["p50"].append(answer["p50"])
            results[proxy]["p99"].append(answer["p99"])
    return {
        proxy: {figure: common.median(values) for figure, values in figures.items()}
        for proxy, figures in results.items()}


def show(load, medians):
    name, _, _, _, goal = load
    direct = medians.pop("direct", None)
    for figures in medians.values():
        for figure in ("p50", "p99"):
            figures["added " + figure] = max(figures[figure] - direct[figure], 0) if direct else float("nan")
    columns = ["cpu", "p50", "p99", "added p50", "added p99"]
    print(f"\n**{name}** (direct: p50 {direct['p50']:.0f} µs, p99 {direct['p99']:.0f} µs)\n")
    rows = [
        [proxy, f"{figures['cpu']:.2f}"] + [f"{figures[column]:.0f}" for column in columns[1:]]
        for proxy, figures in medians.items()]
    peers = {proxy: figures for proxy, figures in medians.items() if proxy != "lever"}
    if peers and "lever" in medians:
        ratios = []
        for column in columns:
            best = min(figures[column] for figures in peers.values())
            ratios.append(f"{medians['lever'][column] / best:.2f}" if best > 0 else "–")
        rows.append([f"ratio to the best (CPU: at most {goal})"] + ratios)
    common.table(["", "CPU µs", "p50 µs", "p99 µs", "added p50", "added p99"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls to make")
    parser.add_argument("--minimum", type=int, default=400, help="calls to make at least")
    parser.add_argument("--only", help="only loads with this in their name")
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    common.heading("Router: CPU and latency per call or message through one proxy core")
    with tempfile.TemporaryDirectory() as folder:
        instance = common.free_port()
        backend = common.start([f"{options.binaries}/benchmark-backend", str(instance)], 1)
        common.wait_for(instance, backend)
        running = common.start_proxies(folder, options.binaries, instance)
        running.append(("direct", backend, instance))
        print("Peers: " + ", ".join(
            common.version(name, *arguments) for name, arguments in common.PEERS.items()
            if name in [one[0] for one in running]))
        for load in LOADS:
            if options.only is None or options.only in load[0]:
                show(load, measure(load, running, options))
        common.stop_all()


if __name__ == "__main__":
    main()
