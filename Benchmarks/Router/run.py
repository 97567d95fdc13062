#!/usr/bin/env python3
"""CPU and latency of one call through one proxy core: Lever's data path beside nginx, haproxy and nghttpx.

All are measured in the same run, in turns, with the same instance behind them and the same load in front; each proxy has
one thread and, where the machine has two cores, core 0 to itself. CPU is the user and system time of the proxy's own
processes. Prints the median of the rounds and the ratio to the best of the peers.

usage: run.py [--rounds N] [--scale F] [--binaries DIR]
"""
import argparse, json, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
# name, calls, connections, streams, destinations, bytes of the request
LOADS = [
    ("1 x 1", 15_000, 1, 1, 1, 15),
    ("4 x 16", 200_000, 4, 16, 1, 15),
    ("16 x 32", 300_000, 16, 32, 1, 15),
    ("2,000 destinations, 4 x 16", 200_000, 4, 16, 2_000, 15),
    ("64 KB body, 4 x 16", 20_000, 4, 16, 1, 65_536),
]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.025)
    sys.exit(f"nothing listens on port {port}")


def tree(pid):
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as children:
            for child in children.read().split():
                found += tree(int(child))
    return found


def cpu_seconds(pid):
    total = 0
    for one in tree(pid):
        with open(f"/proc/{one}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def start(command, core, processes):
    if os.cpu_count() > 1:
        command = ["taskset", "-c", str(core)] + command
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    processes.append(process)
    return process


def proxies(folder, binaries, instance):
    """Command and port of each proxy."""
    ports = {name: free_port() for name in ("lever", "nginx", "haproxy", "nghttpx")}
    yield "lever", [f"{binaries}/benchmark-proxy", str(ports["lever"]), str(instance)], ports["lever"]
    if shutil.which("nginx"):
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as config:
            config.write(f"""
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
events {{ worker_connections 4096; }}
http {{ access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; keepalive_requests 100000000;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream instance {{ server 127.0.0.1:{instance}; keepalive 64; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{ports["nginx"]} http2; http2_max_concurrent_streams 1024;
    location / {{ grpc_pass grpc://instance; }} }} }}
""")
        yield "nginx", ["nginx", "-c", path, "-p", folder], ports["nginx"]
    if shutil.which("haproxy"):
        path = os.path.join(folder, "haproxy.cfg")
        with open(path, "w") as config:
            config.write(f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:{ports["haproxy"]} proto h2
  default_backend instance
backend instance
  http-reuse always
  server one 127.0.0.1:{instance} proto h2
""")
        yield "haproxy", ["haproxy", "-f", path, "-db"], ports["haproxy"]
    if shutil.which("nghttpx"):
        yield "nghttpx", [
            "nghttpx", "--conf=/dev/null", "--workers=1", f"--frontend=127.0.0.1,{ports['nghttpx']};no-tls",
            f"--backend=127.0.0.1,{instance};;proto=h2", "--no-via", "--accesslog-file=/dev/null",
            f"--errorlog-file={folder}/nghttpx.log", f"--pid-file={folder}/nghttpx.pid",
        ], ports["nghttpx"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the calls to make")
    parser.add_argument("--binaries", default=os.path.join(HERE, "../../.build/release"))
    options = parser.parse_args()
    binaries = os.path.abspath(options.binaries)
    processes = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            instance = free_port()
            start([f"{binaries}/benchmark-backend", str(instance)], 1, processes)
            wait_for(instance)
            running = []
            for name, command, port in proxies(folder, binaries, instance):
                running.append((name, start(command, 0, processes), port))
                wait_for(port)
            for name in ("nginx", "haproxy", "nghttpx"):
                if name not in [one[0] for one in running]:
                    print(f"skipped: {name} is not installed")
            for load in LOADS:
                measure(load, running, binaries, options)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def measure(load, running, binaries, options):
    name, calls, connections, streams, destinations, size = load
    calls = max(1_000, int(calls * options.scale))
    results = {one[0]: {"cpu": [], "p50": [], "p99": []} for one in running}
    for _ in range(options.rounds):
        for proxy, process, port in running:
            before = cpu_seconds(process.pid)
            command = [f"{binaries}/benchmark-load"] + [
                str(value) for value in (port, calls, connections, streams, destinations, size)]
            if os.cpu_count() > 1:
                command = ["taskset", "-c", "1"] + command
            output = subprocess.run(command, capture_output=True, text=True, timeout=300)
            if output.returncode != 0:
                sys.exit(f"{proxy}, {name}: {output.stderr}")
            answer = json.loads(output.stdout)
            if answer["failures"]:
                sys.exit(f"{proxy}, {name}: {answer['failures']} of {calls} calls failed")
            results[proxy]["cpu"].append((cpu_seconds(process.pid) - before) * 1e6 / calls)
            results[proxy]["p50"].append(answer["p50"])
            results[proxy]["p99"].append(answer["p99"])
    print(f"\n{name} ({calls:,} calls, {options.rounds} rounds)")
    print(f"  {'':10}{'CPU µs/call':>12}{'p50 µs':>10}{'p99 µs':>10}")
    medians = {
        proxy: {figure: statistics.median(values) for figure, values in figures.items()}
        for proxy, figures in results.items()}
    for proxy, figures in medians.items():
        print(f"  {proxy:10}{figures['cpu']:12.2f}{figures['p50']:10.0f}{figures['p99']:10.0f}")
    peers = {proxy: figures for proxy, figures in medians.items() if proxy != "lever"}
    if peers:
        print("  ratio to the best peer: " + ", ".join(
            f"{figure} {medians['lever'][figure] / min(one[figure] for one in peers.values()):.2f}"
            for figure in ("cpu", "p50", "p99")), flush=True)


if __name__ == "__main__":
    main()
