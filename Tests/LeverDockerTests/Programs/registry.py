#!/usr/bin/env python3
"""A registry on a port of 127.0.0.1 with one image, which has whatever name it is asked by: one layer of 4 MB, which comes slowly. It
writes the port's number into a file and the paths of the layers that were asked for into another one, says "ready", and ends with
its standard input. (The HTTP API of registries: https://distribution.github.io/distribution/spec/api/.)

Usage: registry.py PORT_FILE LAYERS_FILE
"""
import gzip, hashlib, http.server, io, json, os, platform, sys, tarfile, threading, time

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIGURATION = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def image():
    """Its blobs by digest, and its manifest."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("content")
        entry.size = 4_000_000
        # Bytes that no compression makes fewer.
        tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    layer = gzip.compress(buffer.getvalue(), 1)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    configuration = json.dumps({
        "architecture": machine, "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(buffer.getvalue())]},
    }).encode()

    def part(kind, data):
        return {"mediaType": kind, "size": len(data), "digest": digest(data)}

    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": part(CONFIGURATION, configuration),
        "layers": [part(LAYER, layer)],
    }).encode()
    return {digest(configuration): configuration, digest(layer): layer}, manifest


BLOBS, THE_MANIFEST = image()


class Registry(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind="application/json", data=b"{}", slowly=False):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", digest(data))
        self.end_headers()
        if self.command == "HEAD":
            return
        step = 250_000 if slowly else len(data) or 1
        for start in range(0, len(data), step):
            self.wfile.write(data[start:start + step])
            if slowly:
                time.sleep(0.1)

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts == ["v2"]:
            return self.answer(200)
        if len(parts) >= 4 and parts[-2] == "manifests":
            return self.answer(200, MANIFEST, THE_MANIFEST)
        data = BLOBS.get(parts[-1]) if len(parts) >= 4 and parts[-2] == "blobs" else None
        if data is None:
            return self.answer(404)
        isLayer = len(data) > 1_000_000
        if isLayer and self.command == "GET":
            with open(sys.argv[2], "a") as layers:
                print(self.path, file=layers)
        return self.answer(200, "application/octet-stream", data, slowly=isLayer)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry)
threading.Thread(target=server.serve_forever, daemon=True).start()
with open(sys.argv[1], "w") as file:
    file.write(str(server.server_address[1]))
print("ready", flush=True)
sys.stdin.read()
