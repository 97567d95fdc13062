"""What the benchmarks share: processes and what they use, the proxies that Lever is compared with, and tables."""
import atexit, datetime, json, os, platform, resource, select, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
processes = []

# Ten thousand connections take twice as many descriptors in a proxy; where that is not allowed, the most that is.
_, _most = resource.getrlimit(resource.RLIMIT_NOFILE)
for DESCRIPTORS in (65_536, _most):
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, max(DESCRIPTORS, _most)))
        break
    except (ValueError, OSError):
        continue


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process=None):
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            if process is not None and process.poll() is not None:
                sys.exit(f"{process.args[0]} ended with {process.returncode} before it listened")
            time.sleep(0.025)
    sys.exit(f"nothing listens on port {port}")


def on_core(core, command):
    return ["taskset", "-c", str(core)] + command if os.cpu_count() > 1 and core is not None else command


def start(command, core=None, **options):
    """Starts a process that ends with this program; `core` is the only one that it may use."""
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **options}
    process = subprocess.Popen(on_core(core, command), **options)
    processes.append(process)
    return process


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process in processes:
        processes.remove(process)


@atexit.register
def stop_all():
    for process in reversed(list(processes)):
        stop(process)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def tree(pid):
    """A process and all that it has started."""
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as children:
                for child in children.read().split():
                    found += tree(int(child))
    except FileNotFoundError:
        pass
    return found


def cpu_seconds(pid):
    """User and system time of a process and all that it has started, from their clocks (clock_getcpuclockid(3))."""
    return sum(time.clock_gettime((~one << 3) | 2) for one in tree(pid))


def resident_bytes(pid, with_children=True):
    """Memory that a process and all that it has started have resident of their own (not of files)."""
    total = 0
    for one in tree(pid) if with_children else [pid]:
        with open(f"/proc/{one}/status") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
    return total


def run_json(command, core=None, timeout=120):
    """The line of JSON that a program prints; failures where it takes too long."""
    try:
        output = subprocess.run(on_core(core, command), capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"failures": "all, or some,", "calls": 0}
    if output.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {output.stdout}{output.stderr}")
    return json.loads(output.stdout.strip().splitlines()[-1])


def read_line(process, seconds):
    """The next line that a process prints; nothing where it takes too long."""
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    return process.stdout.readline().decode() if ready else ""


def median(values):
    return statistics.median(values)


def machine():
    model = platform.processor() or platform.machine()
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    with open("/proc/meminfo") as info:
        memory = int(info.readline().split()[1]) // (1 << 20)
    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} cores ({model}), {memory} GB, "
        f"Linux {platform.release()}; load average {os.getloadavg()[0]:.1f}")


def heading(text):
    print(f"\n### {text}\n", flush=True)


def table(columns, rows):
    """Prints a table in Markdown."""
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print(flush=True)


def version(command, *arguments):
    """The first line that a program says about its version."""
    output = subprocess.run([command, *arguments], capture_output=True, text=True)
    line = (output.stdout + output.stderr).strip().splitlines()[0]
    return line.replace("nginx version: ", "")


PEERS = {"nginx": ["-v"], "haproxy": ["-v"], "nghttpx": ["--version"]}


def missing_peers():
    return [name for name in PEERS if not shutil.which(name)]


def proxies(folder, binaries, instance):
    """Name, command and port of Lever's router and of each peer that is installed: one worker thread each, and the
    windows of HTTP/2 that Lever's router has where a peer has a setting for them (haproxy 2.6 has one, and never answers
    streams with it)."""
    ports = {name: free_port() for name in ("lever", *PEERS)}
    yield "lever", [f"{binaries}/benchmark-proxy", str(ports["lever"]), str(instance)], ports["lever"]
    if shutil.which("nginx"):
        path = os.path.join(folder, "nginx.conf")
        with open(path, "w") as config:
            config.write(f"""
daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid {folder}/nginx.pid; error_log {folder}/nginx.log crit;
events {{ worker_connections 32768; }}
http {{ access_log off; client_max_body_size 0; client_body_temp_path {folder}/body; keepalive_requests 100000000;
  proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  grpc_read_timeout 600s; grpc_send_timeout 600s; send_timeout 600s; client_body_timeout 600s;
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
  maxconn {(DESCRIPTORS - 200) // 2}
  tune.h2.max-concurrent-streams 1024
defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout client 600s
  timeout server 600s
frontend front
  bind 127.0.0.1:{ports["haproxy"]} proto h2
  default_backend instance
backend instance
  http-reuse always
  server one 127.0.0.1:{instance} proto h2
""")
        yield "haproxy", ["haproxy", "-f", path, "-db"], ports["haproxy"]
    if shutil.which("nghttpx"):
        windows = [
            f"--{side}-http2-{what}={size}" for side in ("frontend", "backend")
            for what, size in (
                ("window-size", 262144), ("connection-window-size", 4194304), ("max-concurrent-streams", 1024))]
        yield "nghttpx", [
            "nghttpx", "--conf=/dev/null", "--workers=1", f"--frontend=127.0.0.1,{ports['nghttpx']};no-tls",
            f"--backend=127.0.0.1,{instance};;proto=h2", "--no-via", "--accesslog-file=/dev/null",
            "--stream-read-timeout=600s", "--stream-write-timeout=600s", "--frontend-http2-read-timeout=600s",
            "--backend-read-timeout=600s", "--backend-write-timeout=600s", "--worker-frontend-connections=0",
            *windows, f"--errorlog-file={folder}/nghttpx.log", f"--pid-file={folder}/nghttpx.pid",
        ], ports["nghttpx"]


def start_proxies(folder, binaries, instance):
    """Starts all proxies on core 0: a list of (name, process, port)."""
    os.chmod(folder, 0o755)
    running = []
    for name, command, port in proxies(folder, binaries, instance):
        running.append((name, start(command, 0), port))
        wait_for(port, running[-1][1])
    for name in missing_peers():
        print(f"skipped: {name} is not installed")
    return running
