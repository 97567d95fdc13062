#!/usr/bin/env python3
"""Calls to a Node service in a container, through a real release host, over its unix socket and over TCP.

Both services are the same program with the same runtime in the same image; one of them is kept from knowing of the socket, so
that it listens on port 3837 of its container. Calls come one at a time over one HTTP/1.1 connection; the two take turns. Run it
within scripts/with-docker.sh, which gives it an engine.
"""
import argparse, http.client, json, os, shutil, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Host"))
import host
from host import common

SOCKET = os.environ.get("LEVER_TEST_DOCKER_SOCKET")
IMAGE = os.environ.get("LEVER_TEST_DOCKER_IMAGE")
RUNTIME = os.path.join(common.ROOT, "Sources/LeverNode/Resources")


def service(folder, name, before):
    """The hello service with the runtime among its files, as a program that no one gives anything to."""
    directory = host.hello_as(folder, name)
    for part in ("runtime", "leveros"):
        shutil.copytree(os.path.join(RUNTIME, part), os.path.join(directory, part))
    with open(f"{directory}/lever.json", "w") as manifest:
        json.dump({"name": name, "entry": ["sh", "-c", f"{before} exec node runtime/serve.js server.js"]}, manifest)
    return directory


def time_of_calls(lever, name, calls):
    connection = http.client.HTTPConnection("127.0.0.1", lever.port, timeout=60)
    began = time.perf_counter()
    for _ in range(calls):
        status, body = lever.call(name, connection=connection)
        if (status, body.strip()) != (200, b'"Hello, world!"'):
            sys.exit(f"the call was answered {status} {body}")
    took = time.perf_counter() - began
    connection.close()
    return took / calls


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--calls", type=int, default=2000, help="calls in each round")
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    if not SOCKET or not IMAGE:
        sys.exit("there is no engine: run this within scripts/with-docker.sh")
    common.heading("Containers: socket and TCP")
    times = {"socket": [], "tcp": []}
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        lever = host.Host(
            os.path.abspath(options.binaries), "--driver", "docker", "--docker-host", f"unix://{SOCKET}",
            "--docker-image", IMAGE, "--docker-node-image", IMAGE)
        try:
            lever.deploy(service(folder, "socket", ""))
            lever.deploy(service(folder, "tcp", "unset LEVEROS_LISTEN;"))
            for name in times:
                time_of_calls(lever, name, options.calls)
            for _ in range(options.rounds):
                for name in times:
                    times[name].append(time_of_calls(lever, name, options.calls))
        finally:
            lever.stop()
    over_socket, over_tcp = (common.median(times[name]) * 1e6 for name in ("socket", "tcp"))
    common.table(
        [f"one call at a time, median of {options.rounds}", "µs", "ratio", "to reach"],
        [
            ["over TCP port 3837 of its container", f"{over_tcp:.0f}", "", ""],
            ["over its socket", f"{over_socket:.0f}", f"{over_socket / over_tcp:.2f} of TCP", "1.00"],
        ])


if __name__ == "__main__":
    main()
