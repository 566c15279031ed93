"""A publisher's server on loopback, for tests: a real socket that may misbehave byte by byte."""

import contextlib
import socket
import threading
from collections import defaultdict


class Publisher:
    """Answers each path with the bytes, or by the function of (connection, request text), that `answers` holds."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.place = f"127.0.0.1:{self.port}"
        self.answers = {}
        self.requests = []
        self.open = defaultdict(int)
        self.stopped = threading.Event()

    def url(self, path="/"):
        return f"http://{self.place}{path}"

    def serve(self, path, body=b"", status="200 OK", **headers):
        """Answer a path properly; header names have _ for -."""
        self.answers[path] = answer(body, status, **headers)
        return self.url(path)

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self._hang_up()

    @contextlib.contextmanager
    def away(self):
        """Nothing listens meanwhile; who is being answered is answered to the end."""
        self._hang_up()
        yield
        self.listening = socket.create_server(("127.0.0.1", self.port))
        self.__enter__()

    def _hang_up(self):
        with contextlib.suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                threading.Thread(target=self._answer, args=[connection], daemon=True).start()

    def _answer(self, connection):
        with contextlib.suppress(OSError), connection:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65_536)
                if not piece:
                    return
                request += piece
            request = request.decode()
            self.requests.append(request)
            found = self.answers.get(request.split()[1], answer(b"", "404 Not Found"))
            if callable(found):
                found(connection, request)
            else:
                connection.sendall(found)


def answer(body=b"", status="200 OK", **headers):
    """A whole HTTP answer as bytes."""
    headers = {"Content-Length": len(body)} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items() if value is not None)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def header(request, name):
    """The value of a header in the text of a request, or None."""
    for line in request.splitlines()[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None
