"""An SMS provider and a mail server on this machine, which keep what they were sent."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SmsProvider(BaseHTTPRequestHandler):
    """Takes JSON by POST; answers with the status the server was told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Keep quiet."""


class MailServer(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to hand one message over."""

    def handle(self) -> None:
        self._say("220 test")
        while line := self.rfile.readline().strip():
            verb = line.split()[0].upper()
            if verb == b"QUIT":
                self._say("221 bye")
                return
            if verb == b"DATA":
                self._say("354 go on")
                self._read_message()
            self._say("502 no" if verb == b"STARTTLS" else self.server.answer)

    def _read_message(self) -> None:
        lines = []
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b".":
            lines.append(line)
        self.server.sent.append(b"\n".join(lines))

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


@contextmanager
def sms_provider(status: int = 200) -> Iterator[tuple[str, list]]:
    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), SmsProvider)) as server:
        server.status = status
        yield f"http://127.0.0.1:{server.server_address[1]}/send?key=secret", server.sent


@contextmanager
def mail_server(answer: str = "250 ok") -> Iterator[tuple[str, list]]:
    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer)) as server:
        server.answer = answer
        yield f"smtp://127.0.0.1:{server.server_address[1]}", server.sent


@contextmanager
def _serving(server):
    server.sent = []
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
