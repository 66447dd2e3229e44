"""The only way out of a gateway adapter: one call, bounded in time and size, never repeated.

``requests`` holds the connections and the certificates; its urllib3 pools are driven directly,
because the session layer above them costs more processor time than the call itself.

Each rule below stands for a fault that was measured with the libraries' defaults: a call is never
sent twice, no redirect is followed, nothing is read from the environment or from ``~/.netrc``, a
server that drips bytes cannot hold a call beyond its deadline, a long body is cut off, and a
connection that lay idle is not used again. The certificate is always checked.
"""

import functools
import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    SSLError,
)
from urllib3.exceptions import (
    TimeoutError as PoolTimeout,
)
from urllib3.util import Timeout
from urllib3.util.retry import Retry

from payment_gateways.masking import Masking, Secret

_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much one call may take; each is a setting of the gateway account."""

    connect_seconds: float = 10
    read_seconds: float = 25  # between two pieces of the answer
    deadline_seconds: float = 40  # from the first attempt to connect to the last byte
    body_bytes: int = 1_000_000
    idle_seconds: float = 5  # a kept connection that rested longer is not used again


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered, whatever its status."""

    status: int
    body: bytes
    retry_after_seconds: int | None = None


class Quiet(StrEnum):
    """Why there is no answer."""

    NOT_CONNECTED = "not_connected"  # the bank has surely not seen the request
    TLS = "tls"  # neither here: the certificate was refused, or is no certificate
    TIMED_OUT = "timed_out"
    BROKEN_OFF = "broken_off"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Silence:
    """No usable answer. Unless ``why`` is NOT_CONNECTED or TLS the bank may have acted."""

    why: Quiet


Answer = Reply | Silence
Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One half of a call, masked: fit to be stored beside the payment and shown to staff."""

    gateway: str  # our name for the account
    step: Literal["request", "answer"]
    operation: str
    url: str
    text: str
    status: int | None = None  # of an answer; None for silence
    silence: str = ""
    waited_seconds: float = 0.0


Journal = Callable[[JournalEntry], None]


class Transport(Protocol):
    """What an adapter needs of the outside world."""

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send one request, once, and wait for its answer. Never raises for what the net does."""


def no_journal(entry: JournalEntry) -> None:
    """Keep nothing."""


# A connection that could not be made is tried again, for nobody has seen the request. Anything
# later is not: the server may already have acted. Retry-After is the caller's business.
_CONNECT_ONLY = Retry(
    total=2,
    connect=2,
    read=0,
    redirect=0,
    status=0,
    other=0,
    allowed_methods=None,
    respect_retry_after_header=False,
    raise_on_redirect=False,
    raise_on_status=False,
)


class HttpTransport:
    """Calls the bank over HTTP(S). One for each gateway account, safe to use from many threads."""

    def __init__(
        self,
        name: str = "",
        *,
        limits: Limits | None = None,
        secrets: Collection[Secret] = (),
        journal: Journal = no_journal,
        ca_file: str | None = None,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limits = limits or Limits()
        self._mask = Masking(secrets)
        self._journal = journal
        self._stopwatch = stopwatch
        self._call = _CallInHand(stopwatch)
        self._tls = {"cert_reqs": "CERT_REQUIRED", "ca_certs": ca_file or DEFAULT_CA_BUNDLE_PATH}
        self._pools = _pools(self._call, self._limits)

    def __repr__(self) -> str:
        return f"HttpTransport({self._name!r}, {self._limits})"

    def call(
        self,
        method: Method,
        url: str,
        body: bytes = b"",
        *,
        operation: str,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send one request, once, and wait for its answer. Never raises for what the net does."""
        began = self._stopwatch()
        self._note("request", operation, url, body)
        self._call.must_end_at = began + self._limits.deadline_seconds
        answer = self._send(method, url, body, headers)
        waited = self._stopwatch() - began
        if isinstance(answer, Silence):
            self._note("answer", operation, url, silence=answer.why, waited_seconds=waited)
        else:
            self._note(
                "answer",
                operation,
                url,
                answer.body,
                status=answer.status,
                waited_seconds=waited,
            )
        return answer

    def _send(self, method: Method, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            pool = self._pools.connection_from_url(url, pool_kwargs=self._tls)
            response = pool.urlopen(
                method,
                url[url.index("/", url.index("//") + 2) :],
                body=body if method == "POST" else None,
                headers={"User-Agent": "mosharekat", "Accept-Encoding": "identity", **headers},
                retries=_CONNECT_ONLY,
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=Timeout(
                    connect=self._limits.connect_seconds, read=self._limits.read_seconds
                ),
            )
            return self._read(response)
        except (HTTPError, http.client.HTTPException, OSError, ValueError) as trouble:
            return Silence(_why(trouble))

    def _read(self, response: BaseHTTPResponse) -> Answer:
        body = bytearray()
        try:
            while piece := response.read(_CHUNK_BYTES):
                body += piece
                if len(body) > self._limits.body_bytes:
                    return Silence(Quiet.TOO_LONG)
            whole = Reply(
                response.status, bytes(body), _whole_seconds(response.headers.get("Retry-After"))
            )
            response.release_conn()
            return whole
        finally:
            # Whatever was not read to its end must not be mistaken for the next answer.
            if not response.closed:
                response.close()

    def _note(
        self,
        step: Literal["request", "answer"],
        operation: str,
        url: str,
        body: bytes = b"",
        **more: Any,
    ) -> None:
        text = self._mask(body.decode("utf-8", "replace"))
        self._journal(JournalEntry(self._name, step, operation, self._mask(url), text, **more))


class _CallInHand(threading.local):
    """When the call that this thread is making has to end, on the stopwatch's scale."""

    must_end_at = 0.0

    def __init__(self, stopwatch: Callable[[], float]) -> None:
        self.stopwatch = stopwatch

    def seconds_left(self) -> float:
        left = self.must_end_at - self.stopwatch()
        if left <= 0:
            raise TimeoutError("the deadline of the call is over")
        return left


class _DeadlineReader(io.RawIOBase):
    """Reads a socket so that all pieces together keep the deadline, header lines included."""

    def __init__(self, sock: socket.socket, call: _CallInHand, read_seconds: float) -> None:
        self._socket = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._call = call
        self._read_seconds = read_seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(min(self._read_seconds, self._call.seconds_left()))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


@dataclass(frozen=True, slots=True)
class _SocketWithDeadline:
    """What ``http.client`` needs of a socket to read an answer from it."""

    socket: socket.socket
    call: _CallInHand
    read_seconds: float

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self.socket, self.call, self.read_seconds))


class _Bounded:
    """What our connections add to urllib3's: a deadline, and no second life after a long rest."""

    call: _CallInHand
    limits: Limits
    sock: socket.socket | None
    rests_since: float = 0.0

    @property
    def is_connected(self) -> bool:
        rested = self.call.stopwatch() - self.rests_since
        return rested <= self.limits.idle_seconds and bool(super().is_connected)  # type: ignore[misc]

    def connect(self) -> None:
        self.timeout = min(self.limits.connect_seconds, self.call.seconds_left())
        super().connect()  # type: ignore[misc]

    def request(self, *parts: Any, **more: Any) -> None:
        # A kept socket still has what the last call had left; none is opened yet for a new one.
        if self.sock is not None:
            self.sock.settimeout(min(self.limits.read_seconds, self.call.seconds_left()))
        super().request(*parts, **more)  # type: ignore[misc]

    def getresponse(self) -> Any:
        self.response_class = functools.partial(_answer_of, self.call, self.limits.read_seconds)
        response = super().getresponse()  # type: ignore[misc]
        self.rests_since = self.call.stopwatch()
        return response


def _answer_of(
    call: _CallInHand, read_seconds: float, sock: socket.socket, *rest: Any, **more: Any
) -> http.client.HTTPResponse:
    bounded: Any = _SocketWithDeadline(sock, call, read_seconds)
    return http.client.HTTPResponse(bounded, *rest, **more)


def _pools(call: _CallInHand, limits: Limits) -> Any:
    """The connection pools of ``requests``, with our bounded connections in them."""
    bounds = {"call": call, "limits": limits}
    plain = type("BoundedConnection", (_Bounded, HTTPConnection), bounds)
    secure = type("BoundedTlsConnection", (_Bounded, HTTPSConnection), bounds)
    adapter = HTTPAdapter(pool_connections=4, pool_maxsize=64, max_retries=_CONNECT_ONLY)
    adapter.poolmanager.pool_classes_by_scheme = {
        "http": type("BoundedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
        "https": type("BoundedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
    }
    return adapter.poolmanager


def _why(trouble: Exception) -> Quiet:
    reason = trouble.reason if isinstance(trouble, MaxRetryError) else trouble
    if isinstance(reason, SSLError):
        return Quiet.TLS
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return Quiet.NOT_CONNECTED
    if isinstance(reason, PoolTimeout | TimeoutError):
        return Quiet.TIMED_OUT
    return Quiet.BROKEN_OFF


def _whole_seconds(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None
