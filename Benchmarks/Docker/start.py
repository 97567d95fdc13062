#!/usr/bin/env python3
"""Cold starts of a Node service in a container, through a real release host, beside `docker run` of the same.

The peer is `docker run` of the same image with the same module, mounts, limits and network kind, until its socket takes a
connection. Lever's time is that of the first call to a service without instances, over HTTP, reply included; once without and
once with an instance made ahead. The three take turns. Run it within scripts/with-docker.sh, which gives it an engine.
"""
import argparse, json, os, shutil, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "Host"))
import host
from host import common

SOCKET = os.environ.get("LEVER_TEST_DOCKER_SOCKET")
IMAGE = os.environ.get("LEVER_TEST_DOCKER_IMAGE")


def docker(*arguments):
    output = subprocess.run(["docker", "-H", f"unix://{SOCKET}", *arguments], capture_output=True, text=True, timeout=120)
    if output.returncode != 0:
        sys.exit(f"docker {' '.join(arguments)}: {output.stderr}")
    return output.stdout.strip()


def wait_for_socket(path, timeout=60):
    end = time.perf_counter() + timeout
    while time.perf_counter() < end:
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.connect(path)
            return
        except OSError:
            time.sleep(0.001)
        finally:
            probe.close()
    sys.exit(f"nothing listens at {path}")


class Peer:
    """`docker run`, with all that Lever asks of the engine."""

    def __init__(self, folder, node, network):
        self.folder, self.node, self.network, self.round = folder, node, network, 0

    def start(self):
        self.round += 1
        run = os.path.join(self.folder, f"run{self.round}")
        os.mkdir(run)
        os.chmod(run, 0o777)
        began = time.perf_counter()
        container = docker(
            "run", "--detach", "--init", "--read-only", "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt",
            "no-new-privileges", "--pids-limit", "512", "--memory", "50000000", "--memory-swap", "50000000",
            "--tmpfs", "/tmp:rw,exec,size=25000000,mode=1777", "--network", self.network,
            "--log-opt", "max-size=1048576", "--log-opt", "max-file=1",
            "--mount", f"type=bind,src={host.HELLO},dst=/lever/code,readonly",
            "--mount", f"type=bind,src={run},dst=/lever/run",
            "--mount", f"type=bind,src={self.node},dst=/lever/node,readonly",
            "--workdir", "/lever/code", "--env", "LEVEROS_LISTEN=unix:/lever/run/instance.sock",
            "--env", "LEVEROS_SERVICE=helloService", "--env", "LEVEROS_ENVIRONMENT=dev.lever",
            "--entrypoint", "node", IMAGE, "--max-semi-space-size=1", "--max-old-space-size=24",
            "/lever/node/runtime/serve.js", "server.js")
        wait_for_socket(f"{run}/instance.sock")
        took = time.perf_counter() - began
        docker("rm", "--force", container)
        return took


def instances(lever, service):
    output = subprocess.run(
        [f"{lever.binaries}/lever", "ps", "--json"], capture_output=True, text=True, timeout=60,
        env={**os.environ, "LEVEROS_IP_PORT": lever.address})
    return output.stdout.count(f'"{service}-')


def cold_call(lever, service):
    end = time.monotonic() + 60
    while instances(lever, service) > 0:
        if time.monotonic() > end:
            sys.exit(f"{service} keeps its instance")
        time.sleep(0.1)
    # A spare is made after the start that used the last one.
    time.sleep(2)
    began = time.perf_counter()
    status, body = lever.call(service)
    took = time.perf_counter() - began
    if (status, body.strip()) != (200, b'"Hello, world!"'):
        sys.exit(f"the call was answered {status} {body}")
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--binaries", default=os.path.join(common.ROOT, ".build/release"))
    options = parser.parse_args()
    if not SOCKET or not IMAGE:
        sys.exit("there is no engine: run this within scripts/with-docker.sh")
    common.heading("Containers: cold starts")
    run, cold, spare = [], [], []
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        lever = host.Host(
            os.path.abspath(options.binaries), "--driver", "docker", "--docker-host", f"unix://{SOCKET}",
            "--docker-image", IMAGE, "--docker-node-image", IMAGE, "--idle-timeout", "300ms")
        plain = host.hello_as(folder, "plain")
        ahead = host.hello_as(folder, "ahead")
        with open(f"{ahead}/lever.json") as manifest:
            fields = json.load(manifest)
        with open(f"{ahead}/lever.json", "w") as manifest:
            json.dump({**fields, "spares": 1}, manifest)
        lever.deploy(plain)
        lever.deploy(ahead)
        runtime = docker(
            "inspect", "--format", '{{range .Mounts}}{{if eq .Destination "/lever/node"}}{{.Source}}{{end}}{{end}}',
            docker("ps", "--all", "--quiet", "--filter", "label=com.leveros.service=ahead").split()[0])
        node = os.path.join(folder, "node")
        shutil.copytree(runtime, node)
        docker("network", "create", "lever-benchmark-peer")
        peer = Peer(folder, node, "lever-benchmark-peer")
        try:
            for _ in range(options.rounds):
                run.append(peer.start())
                cold.append(cold_call(lever, "plain"))
                spare.append(cold_call(lever, "ahead"))
        finally:
            docker("network", "rm", "lever-benchmark-peer")
            lever.stop()
    run, cold, spare = (common.median(values) * 1e3 for values in (run, cold, spare))
    common.table(
        [f"median of {options.rounds}", "ms", "ratio", "to reach"],
        [
            ["`docker run` until it listens", f"{run:.0f}", "", ""],
            ["first reply of a service without instances", f"{cold:.0f}", f"{cold / run:.2f} of `docker run`", "1.15"],
            ["the same with an instance made ahead", f"{spare:.0f}", f"{spare / cold:.2f} of without", "0.33"],
        ])


if __name__ == "__main__":
    main()
