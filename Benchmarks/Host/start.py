#!/usr/bin/env python3
"""Cold start of a Node service, and the way from a deployment to the first reply, through a real release host.

A cold start is the time of the first call to a service since the host began, over a new HTTP connection. Beside it, in
turns, the time of `node -e 0`, which is what no Node service can do without.
"""
import argparse, os, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import host
from host import common


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    common.heading("Start: a Node service through a host")
    node, cold, warm, deploy = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "data")
        lever = host.Host(os.path.abspath(options.binaries), data=data)
        lever.deploy(host.HELLO)
        for round in range(options.rounds):
            lever.stop()
            lever = host.Host(os.path.abspath(options.binaries), data=data)
            node.append(host.node_start())
            began = time.perf_counter()
            status, body = lever.call("helloService")
            cold.append(time.perf_counter() - began)
            if (status, body.strip()) != (200, b'"Hello, world!"'):
                sys.exit(f"the call was answered {status} {body}")
            began = time.perf_counter()
            lever.call("helloService")
            warm.append(time.perf_counter() - began)
        for round in range(options.rounds):
            name = f"hello{round}"
            directory = host.hello_as(folder, name)
            began = time.perf_counter()
            lever.deploy(directory)
            status, body = lever.call(name)
            deploy.append(time.perf_counter() - began)
            if status != 200:
                sys.exit(f"the call was answered {status} {body}")
        lever.stop()
    node, cold, warm, deploy = (common.median(values) * 1e3 for values in (node, cold, warm, deploy))
    common.table(
        ["median of " + str(options.rounds), "ms", "to reach"],
        [
            ["`node -e 0`", f"{node:.0f}", ""],
            ["first reply of a service without instances", f"{cold:.0f}", f"1.3 × + 20 ms = {1.3 * node + 20:.0f}"],
            ["second reply", f"{warm:.1f}", ""],
            ["`lever deploy` of a new service to its first reply", f"{deploy:.0f}", ""],
            ["the same beside the start of its instance", f"{deploy - cold:.0f}", "500"],
        ])


if __name__ == "__main__":
    main()
