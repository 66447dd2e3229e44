"""A small threaded HTTP server: enough of the protocol for a bank, kept connections included."""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"

_REASONS = {200: "OK", 302: "Found", 303: "See Other", 401: "Unauthorized", 404: "Not Found"}
_BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in small letters
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a posted form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client gets, and how badly it travels."""

    status: int = 200
    body: bytes = b""
    content_type: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)
    is_dropped: bool = False  # the connection dies without a byte
    is_cut: bool = False  # half of the body, then the connection dies
    drip_seconds: float = 0.0  # the body arrives piece by piece during this time


class Server(ThreadingHTTPServer):
    """Serves one application, a function from request to answer."""

    daemon_threads = True
    request_queue_size = 512
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Answer]) -> None:
        self.answer = answer
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what this server is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 75
    server: Server

    def handle_one_request(self) -> None:
        """Read one request without the e-mail parser, which costs more than all the rest."""
        self.close_connection = True
        try:
            first = self.rfile.readline(65_537).decode("latin-1").split()
            if len(first) != 3:
                return
            headers = dict(self._header_lines())
            length = int(headers.get("content-length", "0"))
        except (ValueError, TimeoutError, ConnectionError):
            return
        if length > _BODY_BYTES:
            return
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        method, target, version = first
        self.close_connection = version != "HTTP/1.1" or headers.get("connection") == "close"
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(method, parts.path, query, headers, self.rfile.read(length))
        self._send(self.server.answer(request), is_head=method == "HEAD")

    def _header_lines(self) -> Any:
        while (line := self.rfile.readline(65_537)) not in {b"\r\n", b"\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            yield name.strip().lower(), value.strip()

    def _send(self, answer: Answer, *, is_head: bool) -> None:
        if answer.is_dropped or (answer.is_cut and not answer.body):
            self._cut_off()
            return
        head = [
            f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
        ]
        if self.close_connection:
            head.append("Connection: close")
        start = ("\r\n".join(head) + "\r\n\r\n").encode("latin-1")
        if answer.is_cut:
            self.wfile.write(start + answer.body[: len(answer.body) // 2])
            self._cut_off()
        elif answer.drip_seconds:
            self._drip(start, answer)
        else:
            self.wfile.write(start if is_head else start + answer.body)

    def _drip(self, start: bytes, answer: Answer) -> None:
        at_once, slowly = (start, answer.body) if answer.body else (b"", start)
        self.wfile.write(at_once)
        for at in range(len(slowly)):
            time.sleep(answer.drip_seconds / len(slowly))
            self.wfile.write(slowly[at : at + 1])

    def _cut_off(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            self.connection.close()
