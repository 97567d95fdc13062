#!/usr/bin/env python3
"""A port of 127.0.0.1 that leads to an engine's socket; with TLS, and for those with a certificate alone, where a folder with
ca.pem, server-cert.pem and server-key.pem is given. It writes the port's number into a file, says "ready", and ends with its
standard input.

Usage: door.py SOCKET PORT_FILE [CERTIFICATES]
"""
import contextlib, os, select, socket, ssl, sys, threading


def pass_on(client, engine):
    """Both ways in one thread: a TLS connection is not for two."""
    sides = [client, engine]
    while True:
        if client in sides and getattr(client, "pending", lambda: 0)():
            ready = [client]
        else:
            ready, _, _ = select.select(sides, [], [])
        if client in ready:
            data = client.recv(65536)
            if data:
                engine.sendall(data)
            else:
                engine.shutdown(socket.SHUT_WR)
                sides.remove(client)
        if engine in ready:
            data = engine.recv(65536)
            if not data:
                return
            client.sendall(data)


def shake_hands(client):
    """Whoever is refused hears why: what it has sent on is read, since unread it would break the connection at once."""
    try:
        client.do_handshake()
        return True
    except ssl.SSLError:
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
        return False


def serve(connection, path, context):
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        client = connection
        if context:
            client = stack.enter_context(
                context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False))
            if not shake_hands(client):
                return
        engine = stack.enter_context(socket.socket(socket.AF_UNIX))
        engine.connect(path)
        pass_on(client, engine)
        if context:
            client.unwrap()


def accept(listener, path, context):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, path, context), daemon=True).start()


path, port_file = sys.argv[1:3]
context = None
if len(sys.argv) > 3:
    folder = sys.argv[3]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{folder}/ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(f"{folder}/server-cert.pem", f"{folder}/server-key.pem")
listener = socket.create_server(("127.0.0.1", 0), backlog=128)
with open(port_file, "w") as file:
    file.write(str(listener.getsockname()[1]))
threading.Thread(target=accept, args=(listener, path, context), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
