"""A bank of one answer: a raw socket server for bytes that no well-behaved server sends."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class OneAnswer:
    """Answers every request with the same bytes and keeps what it was sent."""

    listener: socket.socket
    answer: bytes
    pause_seconds: float = 0.0  # between any two bytes
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def base_url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as lines:
                while request := _one_request(lines):
                    self.requests.append(request)
                    self._say(connection)
                    if b"Content-Length" not in self.answer:
                        return
        except OSError:
            return

    def _say(self, connection: socket.socket) -> None:
        if not self.pause_seconds:
            connection.sendall(self.answer)
            return
        for at in range(len(self.answer)):
            connection.sendall(self.answer[at : at + 1])
            time.sleep(self.pause_seconds)


@contextmanager
def answering(
    answer: bytes, *, pause_seconds: float = 0.0, tls: ssl.SSLContext | None = None
) -> Iterator[OneAnswer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = OneAnswer(listener, answer, pause_seconds, tls)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def http(body: bytes | str, status: str = "200 OK", *headers: str) -> bytes:
    """Write an answer with a length, so that the connection can be kept."""
    body = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _one_request(lines) -> bytes:
    head = b""
    while (line := lines.readline()) not in {b"\r\n", b""}:
        head += line
    if not head:
        return b""
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
    return head + b"\r\n" + lines.read(length)
