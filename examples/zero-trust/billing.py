"""A service in Python that speaks only with the services it knows, and shows them who it is."""

import os
import pathlib
import signal
import socket
import ssl
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).parent
FILES = HERE / "tls/billing/current"


def fresh(purpose):
    """A context of the files as they are now: the link is followed once, so that they are all of one set."""
    files = FILES.resolve()
    context = ssl.create_default_context(purpose, cafile=files / "trust.pem")
    context.load_cert_chain(files / "fullchain.pem", files / "key.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def serving():
    context = fresh(ssl.Purpose.CLIENT_AUTH)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def ask_catalog(path):
    """Asks catalog with our own certificate, and believes only a certificate for its name."""
    context = fresh(ssl.Purpose.SERVER_AUTH)
    with socket.create_connection(("127.0.0.1", 8551), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="catalog.acme.internal") as tls:
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: catalog\r\nConnection: close\r\n\r\n".encode())
            answer = HTTPResponse(tls)
            answer.begin()
            return f"{answer.status} {answer.read().decode()}"


class Billing(BaseHTTPRequestHandler):
    def do_GET(self):
        names = [value for kind, value in self.connection.getpeercert()["subjectAltName"] if kind == "DNS"]
        if self.path == "/discount":
            allowed = "catalog.acme.internal" in names
            self.answer(*((200, "ten percent\n") if allowed else (403, "for catalog alone\n")))
        elif self.path == "/invoice":
            self.answer(200, f"{names[0]}: catalog says: {ask_catalog('/wholesale')}")
        else:
            self.answer(404, "no such page\n")

    def answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Shakes hands in each connection's own thread, with the files of that moment."""

    context = serving()

    def process_request_thread(self, request, client_address):
        try:
            request.settimeout(10)
            tls = self.context.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError) as refused:
            print(f"no handshake: {refused}", flush=True)
            self.shutdown_request(request)
            return
        super().process_request_thread(tls, client_address)


def reload(*_):
    Server.context = serving()
    print("billing has new files", flush=True)


server = Server(("127.0.0.1", 8552), Billing)
signal.signal(signal.SIGHUP, reload)
(HERE / "billing.pid").write_text(f"{os.getpid()}\n")
print("billing is ready", flush=True)
server.serve_forever()
