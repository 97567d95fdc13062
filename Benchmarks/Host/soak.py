#!/usr/bin/env python3
"""Runs a release host under mixed load for long, and fails when its memory does not stay flat.

The load: small calls, many destinations, bodies of 64 KB, echoes of 1 MB, channels, clients that vanish in the middle, HTTP
calls to a Node service, and deployments of that service while it is called. The calls over gRPC go to an instance that
answers at once. What the host alone has resident is sampled every few seconds; after a first quarter for warming up, the
median of the last half may be above that of the half before by 3 % or 2 MiB, whichever is more.
"""
import argparse, http.client, json, os, random, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import host
from host import common

# kind, calls or messages, then what the kind takes
LOADS = [
    ("unary", 20_000, (4, 16, 1, 15)),
    ("unary", 5_000, (1, 1, 1, 15)),
    ("unary", 20_000, (4, 16, 500, 15)),
    ("unary", 4_000, (4, 16, 1, 65_536)),
    ("echo", 200, (2, 4, 1, 1_048_576)),
    ("channels", 20_000, (4, 200, 15)),
]


class Soak:
    def __init__(self, options):
        self.options = options
        self.end = time.monotonic() + options.duration
        self.counts = {}
        self.failure = None
        self.lock = threading.Lock()
        self.random = random.Random(options.seed)

    def goes_on(self):
        return self.failure is None and time.monotonic() < self.end

    def note(self, what, count=1):
        with self.lock:
            self.counts[what] = self.counts.get(what, 0) + count

    def run(self, work):
        try:
            while self.goes_on():
                work()
        except Exception as error:  # the first one ends all
            self.failure = self.failure or f"{work.__name__}: {error!r}"

    def calls(self):
        kind, count, numbers = self.random.choice(LOADS)
        command = [f"{self.options.binaries}/benchmark-load", kind, str(self.lever.port), str(count)]
        output = subprocess.run(
            command + [str(number) for number in numbers], capture_output=True, text=True, timeout=300)
        answer = json.loads(output.stdout)
        if answer["failures"]:
            raise RuntimeError(f"{answer['failures']} of {count} failed: {kind} {numbers}")
        self.note(f"{kind} ({numbers[-1]:,} B)", answer["calls"])

    def vanishing_clients(self):
        kind, _, numbers = self.random.choice(LOADS)
        load = subprocess.Popen(
            [f"{self.options.binaries}/benchmark-load", kind, str(self.lever.port), "1000000"]
            + [str(number) for number in numbers], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.random.uniform(0.05, 0.5))
        load.kill()
        load.wait()
        self.note("clients that vanished")
        time.sleep(0.5)

    def http_calls(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.lever.port, timeout=60)
        for _ in range(100):
            status, body = self.lever.call("helloService", connection=connection)
            if (status, body.strip()) != (200, b'"Hello, world!"'):
                raise RuntimeError(f"a call over HTTP was answered {status} {body}")
        connection.close()
        self.note("HTTP calls", 100)

    def deployments(self):
        time.sleep(min(self.options.deploy_every, max(self.end - time.monotonic(), 0)))
        if self.goes_on():
            self.lever.deploy(host.HELLO)
            self.note("deployments")

    def measure(self):
        samples = []
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "lever.json"), "w") as manifest:
                json.dump({"name": "hello", "minInstances": 1, "maxInstanceLoad": 1_000_000}, manifest)
            script = os.path.join(folder, "serve")
            with open(script, "w") as serve:
                serve.write(f"#!/bin/sh\nexec {self.options.binaries}/benchmark-backend\n")
            os.chmod(script, 0o755)
            self.lever = host.Host(self.options.binaries)
            self.lever.deploy(folder)
            self.lever.deploy(host.HELLO)
            parts = [self.calls, self.calls, self.vanishing_clients, self.http_calls, self.deployments]
            threads = [threading.Thread(target=self.run, args=(part,), daemon=True) for part in parts]
            for thread in threads:
                thread.start()
            while self.goes_on():
                time.sleep(min(self.options.every, max(self.end - time.monotonic(), 0.1)))
                if self.lever.process.poll() is not None:
                    self.failure = self.failure or f"the host ended with {self.lever.process.returncode}"
                    break
                samples.append(common.resident_bytes(self.lever.process.pid, with_children=False))
            for thread in threads:
                thread.join(320)
            self.lever.stop()
            if self.lever.process.returncode != 0 and self.failure is None:
                self.failure = f"the host ended with {self.lever.process.returncode}"
        return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=1_800, help="seconds")
    parser.add_argument("--every", type=float, default=5, help="seconds between two samples")
    parser.add_argument("--deploy-every", type=float, default=60, help="seconds between two deployments")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    options.binaries = os.path.abspath(options.binaries)
    common.heading(f"Soak: {options.duration:,.0f} s of mixed load")
    soak = Soak(options)
    samples = soak.measure()
    if soak.failure:
        sys.exit(f"failed: {soak.failure}")
    if len(samples) < 8:
        sys.exit(f"{len(samples)} samples are too few: --duration should be longer, or --every shorter")
    settled = samples[len(samples) // 4:]
    before = common.median(settled[: len(settled) // 2])
    after = common.median(settled[len(settled) // 2:])
    allowed = max(0.03 * before, 2 << 20)
    mebibytes = lambda count: f"{count / (1 << 20):.1f}"
    common.table(
        ["MiB resident", "first", "half after warming up", "last half", "highest", "growth allowed"],
        [["", mebibytes(samples[0]), mebibytes(before), mebibytes(after), mebibytes(max(samples)), mebibytes(allowed)]])
    tenths = [samples[len(samples) * tenth // 10: len(samples) * (tenth + 1) // 10] for tenth in range(10)]
    print("Medians over time, MiB: " + ", ".join(mebibytes(common.median(tenth)) for tenth in tenths if tenth) + "\n")
    common.table(["what was done", "count"], [[what, f"{count:,}"] for what, count in sorted(soak.counts.items())])
    if after - before > allowed:
        sys.exit(f"memory is not flat: {mebibytes(after - before)} MiB more in the last half")
    print("Memory is flat.")


if __name__ == "__main__":
    main()
