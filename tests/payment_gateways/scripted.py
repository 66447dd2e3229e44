"""A bank that says what a test tells it to, by address, and keeps what it was sent."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from payment_gateways.sandbox.serving import JSON, Answer, Request, Server


@dataclass
class ScriptedBank:
    """Answers an address that ends with one of the given words, others are 404.

    A word may begin with a method: ``POST /purchases``.
    """

    said: Mapping[str, tuple[int, object]]
    base_url: str = ""
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        for asked, (status, content) in self.said.items():
            method, _, ending = asked.rpartition(" ")
            if method in {"", request.method} and request.path.endswith(ending):
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                return Answer(status, body, JSON)
        return Answer(404)

    def asked(self, ending: str) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(ending)]


@contextmanager
def scripted(said: Mapping[str, tuple[int, object]]) -> Iterator[ScriptedBank]:
    bank = ScriptedBank(said)
    server = Server(("127.0.0.1", 0), bank.answer)
    bank.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield bank
    finally:
        server.shutdown()
        server.server_close()
