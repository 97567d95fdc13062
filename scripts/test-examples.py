#!/usr/bin/env python3
"""Builds, deploys and calls every example, as its README says, on a host of their own.

usage: scripts/test-examples.py --binaries <directory with lever and leveroshost> [example ...]

The Swift examples are one package, built once and without optimization. An example that cannot run here is skipped, which says
why. Everything that was started is stopped.
"""
import argparse, http.client, json, os, re, shutil, signal, subprocess, sys, tempfile, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXAMPLES = os.path.join(ROOT, "Examples")
TIMEOUT = 120


class Skipped(Exception):
    pass


class Host:
    """A host on a free port with a directory of its own."""

    def __init__(self, binaries, work):
        self.binaries = binaries
        self.log = open(os.path.join(work, "host.log"), "w+")
        self.process = subprocess.Popen(
            [f"{binaries}/leveroshost", "--listen", "127.0.0.1:0", "--data-dir", os.path.join(work, "data")],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        lines = iter(self.process.stdout.readline, "")
        found = (re.search(r"listens on ([^;]*);", line) for line in lines)
        match = next((match for match in found if match), None)
        if not match:
            self.log.seek(0)
            raise RuntimeError(f"the host did not start:\n{self.log.read()}")
        self.address = match[1]
        self.environment = dict(os.environ, LEVEROS_IP_PORT=self.address, PATH=f"{binaries}:{os.environ['PATH']}")

    def run(self, *command, directory=ROOT, input=None, expect_failure=False):
        done = subprocess.run(
            command, cwd=directory, env=self.environment, input=input, capture_output=True, text=True, timeout=1800)
        if (done.returncode != 0) != expect_failure:
            raise RuntimeError(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout if not expect_failure else done.stderr

    def deploy(self, directory, environment="dev.lever"):
        return self.run("lever", "deploy", environment, os.path.join(EXAMPLES, directory))

    def invoke(self, path, *arguments):
        output = self.run("lever", "invoke", f"lever://dev.lever/{path}", *[json.dumps(value) for value in arguments])
        return json.loads(output) if output.strip() else None

    def http(self, path, *arguments):
        host, port = self.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=TIMEOUT)
        connection.request(
            "POST", f"/{path}?forceenv=dev.lever", json.dumps(arguments), {"Content-Type": "application/json"})
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        return reply.status, json.loads(body) if body.strip() else None

    def stream(self, path, *messages):
        output = self.run(
            "lever", "stream", f"lever://dev.lever/{path}", input="".join(json.dumps(one) + "\n" for one in messages))
        return [json.loads(line) for line in output.splitlines()]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.log.close()
        return code


def equal(found, expected):
    if found != expected:
        raise RuntimeError(f"expected {expected!r}, found {found!r}")


def until(condition, what):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {TIMEOUT} s")
        time.sleep(0.05)


# The examples, each as its README has it.

def hello_js(host, work):
    host.deploy("hello-js")
    equal(host.invoke("helloService/SayHello", "world"), "Hello, world!")
    equal(host.stream("helloService/EchoChan", "one", "two"),
          [{"number": 1, "message": "one"}, {"number": 2, "message": "two"}])


def hello_swift(host, work):
    host.deploy("hello-swift")
    equal(host.invoke("helloSwift/SayHello", "world"), "Hello, world!")
    equal(host.http("helloSwift/SayHello", "world"), (200, "Hello, world!"))
    equal(host.stream("helloSwift/EchoChan", "one", "two"),
          [{"number": 1, "message": "one"}, {"number": 2, "message": "two"}])
    host.deploy("hello-swift")
    host.run("lever", "rollback", "helloSwift")
    equal(host.invoke("helloSwift/SayHello", "world"), "Hello, world!")


def hello_python(host, work):
    if not shutil.which("python3"):
        raise Skipped("there is no python3")
    host.deploy("hello-python")
    equal(host.invoke("helloPython/SayHello", "world"), "Hello, world!")
    equal(host.stream("helloPython/EchoChan", "one", 2), ["one", 2])


def chat(host, work):
    host.deploy("chat")
    ada, grace = (ChatClient(host, name) for name in ("Ada", "Grace"))
    watchdog = threading.Timer(TIMEOUT, lambda: (ada.process.kill(), grace.process.kill()))
    watchdog.start()
    try:
        ada.say("hello")
        equal(grace.line(), "Ada: hello")
        grace.say("good morning")
        equal(ada.line(), "Grace: good morning")
        equal(host.invoke("chat/lobby/History"),
              [{"author": "Ada", "text": "hello"}, {"author": "Grace", "text": "good morning"}])
        equal(host.invoke("chat/kitchen/History"), [])
        for client in (ada, grace):
            client.process.stdin.close()
            equal(client.process.wait(timeout=TIMEOUT), 0)
    finally:
        watchdog.cancel()
        for client in (ada, grace):
            client.close()


class ChatClient:
    """The terminal client, on a terminal."""

    def __init__(self, host, name):
        self.terminal, end = os.openpty()
        self.process = subprocess.Popen(
            [os.path.join(swift_binaries(), "chat"), "lobby", "--name", name, "--host", host.address],
            stdin=subprocess.PIPE, stdout=end, text=True, bufsize=1)
        os.close(end)
        self.unread = b""

    def say(self, text):
        self.process.stdin.write(text + "\n")

    def line(self):
        while b"\n" not in self.unread:
            self.unread += os.read(self.terminal, 4096)
        line, self.unread = self.unread.split(b"\n", 1)
        return line.decode().rstrip("\r")

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


def notes(host, work):
    store = os.path.join(work, "Store")
    shutil.copytree(os.path.join(EXAMPLES, "notes/Store"), store)
    manifest_path = os.path.join(store, "lever.json")
    with open(manifest_path) as file:
        manifest = json.load(file)
    manifest["config"]["database"] = os.path.join(work, "notes.sqlite")
    manifest["build"][0] = os.path.join(EXAMPLES, "build.sh")
    with open(manifest_path, "w") as file:
        json.dump(manifest, file)
    host.run("lever", "deploy", "dev.lever", store)
    host.deploy("notes/Notes")
    equal(host.invoke("notes/Add", "ada", "Buy milk"), 1)
    equal(host.http("notes/Add", "ada", "Write a program"), (200, 2))
    equal(host.http("notes/Add", "ada", ""), (500, {"code": "empty-note"}))
    equal(host.http("notes/Remove", "ada", 7), (500, {"code": "no-note", "id": 7}))
    host.invoke("notes/Remove", "ada", 1)
    refusal = host.run("lever", "invoke", "lever://dev.lever/notesStore/ada/List", expect_failure=True)
    if "PERMISSION_DENIED" not in refusal:
        raise RuntimeError(f"the private service answered: {refusal}")
    # A new version of the store takes the users over, with what they wrote.
    host.run("lever", "deploy", "dev.lever", store)
    equal(host.invoke("notes/Add", "ada", "Publish it"), 3)
    equal(host.invoke("notes/List", "ada"), [{"id": 2, "text": "Write a program"}, {"id": 3, "text": "Publish it"}])


def counter_actors(host, work):
    host.deploy("counter-actors")
    equal(host.invoke("counters/Greet", "world"), "Hello, world!")
    equal(host.invoke("counters/ada/add", 2), 2)
    equal(host.http("counters/ada/add", 3), (200, 5))
    equal(host.invoke("counters/grace/add", 1), 1)
    # The client that has only the protocol reaches the same actor.
    equal(host.run(os.path.join(swift_binaries(), "counter"), host.address, "ada", "10"), "15\n")
    host.deploy("counter-actors")
    equal(host.invoke("counters/grace/add", 1), 1)


def tutorial(host, work):
    """The tutorial's code is that of counter-actors, and its manifests name what their builds make."""
    with open(os.path.join(ROOT, "docs/tutorial.md")) as file:
        blocks = re.findall(r"```(\w+)\n(.*?)```", file.read(), re.DOTALL)
    with open(os.path.join(EXAMPLES, "counter-actors/Sources/Counters.swift")) as file:
        code = file.read()
    equal([block for language, block in blocks if language == "swift" and "distributed actor" in block], [code])
    texts = [block for language, block in blocks if language == "json"]
    equal(json.loads(texts[0])["name"], "counters")
    for text in texts:
        manifest = json.loads(text if text.startswith("{") else "{" + text + "}")
        configuration = "release" if "release" in manifest["build"] else "debug"
        equal((manifest["files"], manifest["entry"]), ([f".build/{configuration}/counters"],) * 2)


def program(*command, until=None):
    """Starts a program; the group of `until` in its output."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    watchdog = threading.Timer(TIMEOUT, process.kill)
    watchdog.start()
    found = (re.search(until, line) for line in iter(process.stdout.readline, ""))
    match = next((match for match in found if match), None)
    watchdog.cancel()
    if not match:
        raise RuntimeError(f"{command[0]} ended with {process.wait()}")
    return process, match


def ends(process):
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise RuntimeError("it did not end on SIGTERM")
    process.stdout.close()
    equal(code, 0)


def embed_hummingbird(host, work):
    process, match = program(
        "stdbuf", "-oL", os.path.join(swift_binaries(), "embed-hummingbird"), until=r"web on (\S+), Lever on (\S+)")
    try:
        equal(host.run("curl", "-sS", f"http://{match[1]}/hello/Ada"), "Hello, Ada!")
        reply = host.run("lever", "invoke", "-H", match[2], "lever://dev.lever/greeter/Greet", '"Ada"')
        equal(reply, '"Hello, Ada!"\n')
    finally:
        ends(process)


def custom_scaling(host, work):
    equal(host.run(os.path.join(swift_binaries(), "custom-scaling")).splitlines(), [
        "version 1 of dev.lever/whoService is live", "2 instances answer, 2 were started",
        'instances of each tenant: ["acme 1", "initech 1"]'])


def router_only(host, work):
    # Two instances that nobody has deployed.
    sockets = [os.path.join(work, f"{number}.sock") for number in (1, 2)]
    instances = [
        subprocess.Popen(
            [os.path.join(swift_binaries(), "hello-swift")], env=dict(os.environ, LEVEROS_LISTEN=f"unix:{path}"),
            stderr=subprocess.DEVNULL)
        for path in sockets
    ]
    process = None
    try:
        for path in sockets:
            until(lambda: os.path.exists(path), f"a socket at {path}")
        process, match = program(
            "stdbuf", "-oL", os.path.join(swift_binaries(), "router-only"), "--listen", "127.0.0.1:0",
            "dev.lever/hello=" + ",".join(f"unix:{path}" for path in sockets), until=r"listening on (\S+)")
        call = ("lever", "invoke", "-H", match[1], "lever://dev.lever/hello/SayHello", '"world"')
        equal(host.run(*call), '"Hello, world!"\n')
        # Without one of them, calls go to the other.
        instances[0].kill()
        instances[0].wait()
        for _ in range(5):
            equal(host.run(*call), '"Hello, world!"\n')
    finally:
        for instance in instances:
            instance.kill()
            instance.wait()
        if process:
            ends(process)


ALL = {
    function.__name__.replace("_", "-"): function
    for function in (
        hello_js, hello_swift, hello_python, chat, notes, counter_actors, tutorial, embed_hummingbird, custom_scaling,
        router_only)
}


def swift_binaries():
    return os.path.join(ROOT, ".build", "debug")


def build_swift():
    """Everything once, among what the root package has built; what the examples' own builds do after that is short."""
    os.environ["LEVER_EXAMPLES_CONFIGURATION"] = "debug"
    os.environ["LEVER_EXAMPLES_SCRATCH_PATH"] = os.path.join(ROOT, ".build")
    subprocess.run(
        [os.path.join(ROOT, "scripts/nested.sh"), "build", "Examples", "-Xlinker", "-s"], check=True, stdout=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--binaries", required=True)
    parser.add_argument("examples", nargs="*", choices=[[], *ALL], help="by default all")
    options = parser.parse_args()
    build_swift()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    work = tempfile.mkdtemp(prefix="lever-examples.")
    host = Host(os.path.abspath(options.binaries), work)
    try:
        for name in options.examples or ALL:
            own = os.path.join(work, name)
            os.mkdir(own)
            start = time.monotonic()
            try:
                ALL[name](host, own)
                counts["passed"] += 1
                print(f"✔ {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except Skipped as reason:
                counts["skipped"] += 1
                print(f"- {name} was skipped: {reason}", flush=True)
            except Exception as error:
                counts["failed"] += 1
                print(f"✘ {name}: {error}", flush=True)
    finally:
        code = host.stop()
        if code != 0:
            counts["failed"] += 1
            print(f"✘ the host exited with {code}")
        if counts["failed"]:
            with open(os.path.join(work, "host.log")) as log:
                sys.stderr.write("--- what the host logged:\n" + log.read()[-20_000:])
        # Deployed code is read-only.
        subprocess.run(["chmod", "-R", "u+w", work])
        shutil.rmtree(work, ignore_errors=True)
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    sys.exit(1 if counts["failed"] else 0)


if __name__ == "__main__":
    main()
