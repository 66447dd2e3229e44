"""Transports for tests: one that leads the real addresses here, one that calls nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from payment_gateways.transport import Answer, HttpTransport, Method, Quiet, Silence


@dataclass
class Rerouted:
    """Sends what is meant for a bank's own host to the sandbox bank, and remembers the address."""

    base_url: str
    urls: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # bodies and headers, as they were sent
    net: HttpTransport = field(default_factory=HttpTransport)

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        self.urls.append(url)
        self.said.append(f"{url} {body.decode('utf-8', 'replace')} {dict(headers)}")
        parts = urlsplit(url)
        here = self.base_url + parts._replace(scheme="", netloc="").geturl()
        at_bank = {**headers, "Host": parts.netloc}
        answer = self.net.call(method, here, body, operation=operation, headers=at_bank)
        if isinstance(answer, Silence):
            return answer
        # The sandbox bank knows that it is asked under the real name, not that this is secure.
        plain, secure = (f"{scheme}://{parts.netloc}".encode() for scheme in ("http", "https"))
        return replace(answer, body=answer.body.replace(plain, secure))


@dataclass
class Nobody:
    """Answers to nothing and counts how often it was asked."""

    asked: int = 0

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        self.asked += 1
        return Silence(Quiet.NOT_CONNECTED)


class Defect(RuntimeError):
    """What a broken transport raises; an adapter lets it rise."""


class Broken:
    """A transport with a defect: what rises from it must show no secret."""

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        raise Defect(operation)
