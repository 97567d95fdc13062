"""A release host with its data in a temporary directory, and calls to it over HTTP."""
import http.client, os, re, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import common

HELLO = os.path.join(common.ROOT, "Examples/hello-js")


class Host:
    def __init__(self, binaries, *arguments, data=None, core=None):
        self.binaries = binaries
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "host.log"), "w")
        self.process = common.start(
            [f"{binaries}/leveroshost", "--listen", "127.0.0.1:0", "--data-dir", data or f"{self.folder.name}/data",
             *arguments],
            core, stdout=subprocess.PIPE, stderr=self.log)
        line = ""
        while "listens on" not in line:
            line = self.process.stdout.readline().decode()
            if not line:
                with open(self.log.name) as log:
                    sys.exit(f"the host did not start: {log.read()}")
        self.address = re.search(r"listens on ([^;]*);", line).group(1)
        self.port = int(self.address.rsplit(":", 1)[1])

    def deploy(self, directory):
        output = subprocess.run(
            [f"{self.binaries}/lever", "deploy", "dev.lever", directory], capture_output=True, text=True, timeout=120,
            env={**os.environ, "LEVEROS_IP_PORT": self.address})
        if output.returncode != 0:
            sys.exit(f"the deployment failed: {output.stdout}{output.stderr}")

    def call(self, service, method="SayHello", arguments='["world"]', connection=None):
        """One call over HTTP/1.1; returns its status and body."""
        own = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        own.request(
            "POST", f"/{service}/{method}?forceenv=dev.lever", arguments, {"content-type": "application/json"})
        response = own.getresponse()
        body = response.read()
        if connection is None:
            own.close()
        return response.status, body

    def stop(self):
        common.stop(self.process)
        self.log.close()
        self.folder.cleanup()


def hello_as(folder, name):
    """A copy of the hello service under another name."""
    directory = os.path.join(folder, name)
    os.mkdir(directory)
    for file in ("lever.json", "server.js", "channel.js", "client.js"):
        shutil.copy(os.path.join(HELLO, file), directory)
    path = os.path.join(directory, "lever.json")
    with open(path) as manifest:
        text = manifest.read()
    with open(path, "w") as manifest:
        manifest.write(text.replace('"helloService"', f'"{name}"'))
    return directory


def node_start():
    """Seconds that `node -e 0` takes."""
    began = time.perf_counter()
    subprocess.run(["node", "-e", "0"], check=True)
    return time.perf_counter() - began
