"""Access tokens as gateways hand them out after a log-in; they end by the bank's own clock."""

import base64
import json
import threading
from dataclasses import dataclass

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.sales import Sales, letters
from payment_gateways.sandbox.serving import Request

_HEAD = "eyJhbGciOiJIUzI1NiJ9"  # {"alg":"HS256"}, as every such token begins


@dataclass(frozen=True, slots=True)
class _Session:
    login: str
    secret: str
    ends_at: int


class Sessions:
    """Who is logged in at one gateway. A restart of the bank logs everybody out."""

    def __init__(self, bank: str, lives_seconds: int) -> None:
        self._bank = bank
        self._lives_seconds = lives_seconds
        self._lock = threading.Lock()
        self._open: dict[str, _Session] = {}

    def log_in(self, sales: Sales, login: str, secret: str) -> str | None:
        """Hand a token out; ``None`` where login and secret do not belong together."""
        if not login or not secret or sales.terminal(self._bank, login, secret) is None:
            return None
        ends_at = sales.now() + self._lives_seconds
        claims = json.dumps({"exp": ends_at, "sub": login}, separators=(",", ":")).encode()
        body = base64.urlsafe_b64encode(claims).decode().rstrip("=")
        token = f"{_HEAD}.{body}.{letters(43)}"
        with self._lock:
            self._open = {
                old: session for old, session in self._open.items() if session.ends_at > sales.now()
            }
            self._open[token] = _Session(login, secret, ends_at)
        return token

    def terminal(self, sales: Sales, request: Request) -> Row | None:
        """Whose call this is; ``None`` without a token that is still valid."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        session = self._open.get(token)
        if kind != "Bearer" or session is None or session.ends_at <= sales.now():
            return None
        return sales.terminal(self._bank, session.login, session.secret)
