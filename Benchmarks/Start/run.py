#!/usr/bin/env python3
"""Start to the first answer, and memory when idle, of a hello service in Swift: `Examples/hello-swift` beside a hello server of
grpc-swift-2, both release builds with the standard library in them and without symbols.

The start is the time from the start of the process to the head of the first response, over a new TCP connection that is tried
every 0.2 ms. In turns with them, `true`: what starting a process takes here. Memory is what is resident two seconds after the
first answer, in all and without the pages of files.
"""
import argparse, os, socket, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common

GOALS = {"start": 20, "memory": 15}
REQUEST = bytes.fromhex("0a080a060a046e616d65")


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header(name, value):
    """A literal header field without indexing (RFC 7541, 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def call(method):
    """The bytes of one unary call over HTTP/2 with prior knowledge."""
    block = b"".join(header(*field) for field in (
        (":method", "POST"), (":scheme", "http"), (":path", "/core.LeverRPC/HandleRPC"), (":authority", "localhost"),
        ("content-type", "application/grpc"), ("te", "trailers"), ("lever-url", f"lever://dev.lever/hello//{method}")))
    message = b"\x00" + len(REQUEST).to_bytes(4, "big") + REQUEST
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, message)


def read(connection, count):
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            sys.exit("the connection ended before the answer")
        found += part
    return found


def answer(connection):
    """Reads frames up to the message of the response, which has to hold it."""
    connection.settimeout(20)
    while True:
        head = read(connection, 9)
        payload = read(connection, int.from_bytes(head[:3], "big"))
        if head[3] == 0 and int.from_bytes(head[5:9], "big") == 1:
            if b"name" not in payload:
                sys.exit(f"the answer is {payload}")
            return
        if head[3] == 1 and head[4] & 1:
            sys.exit(f"the call ended without an answer: {payload}")


def start(command, environment, port, method):
    """Starts a server and makes a call; gives the process and the milliseconds until the answer."""
    request = call(method)
    began = time.perf_counter()
    process = common.start(command, env={**os.environ, **environment})
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), 0.5)
            break
        except OSError:
            if process.poll() is not None or time.perf_counter() - began > 20:
                sys.exit(f"{command[0]} does not listen")
            time.sleep(0.0002)
    connection.sendall(request)
    answer(connection)
    elapsed = (time.perf_counter() - began) * 1e3
    connection.close()
    return process, elapsed


def resident(pid):
    """Resident MB (10^6 bytes): all, and without the pages of files."""
    with open(f"/proc/{pid}/status") as status:
        values = dict(line.split(":", 1) for line in status if line.startswith("Rss") or line.startswith("VmRSS"))
    kilobytes = {name: int(value.split()[0]) for name, value in values.items()}
    return kilobytes["VmRSS"] * 1024 / 1e6, kilobytes["RssAnon"] * 1024 / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--hello", required=True, help="the program of Examples/hello-swift")
    parser.add_argument("--grpc", required=True, help="grpc-endpoint of Benchmarks/Endpoints")
    options = parser.parse_args()
    common.heading("Start: a hello service in Swift, release, static")
    starts, memory, true = {}, {}, []
    for round in range(options.rounds):
        began = time.perf_counter()
        subprocess.run(["true"], check=True)
        true.append((time.perf_counter() - began) * 1e3)
        for name in ("hello-swift", "grpc-swift-2"):
            port = common.free_port()
            if name == "hello-swift":
                command, environment = [os.path.abspath(options.hello)], {"LEVEROS_LISTEN": f"127.0.0.1:{port}"}
                method = "SayHello"
            else:
                command, environment = [os.path.abspath(options.grpc), "server", str(port)], {}
                method = "BasicHello"
            process, elapsed = start(command, environment, port, method)
            starts.setdefault(name, []).append(elapsed)
            if round < 3:
                time.sleep(2)
                memory.setdefault(name, []).append(resident(process.pid))
            common.stop(process)
    rows = [["`true`, start to end", f"{common.median(true):.1f}", "", "", ""]]
    for name in starts:
        whole, own = (common.median(values) for values in zip(*memory[name]))
        path = options.hello if name == "hello-swift" else options.grpc
        size = os.path.getsize(path) / 1e6
        rows.append([name, f"{common.median(starts[name]):.1f}", f"{whole:.1f}", f"{own:.1f}", f"{size:.1f}"])
    rows.append(["to reach", f"under {GOALS['start']}", f"under {GOALS['memory']}", "", ""])
    common.table(
        [f"median of {options.rounds}", "first answer, ms", "idle, MB resident", "without files", "program, MB"], rows)


if __name__ == "__main__":
    main()
