"""An access token that many threads share: logged in for once, kept till its end, renewed once.

Banks that hand out tokens count log-ins. However many threads find the token over, one of them
logs in and the others take what it got, be it a new token or the reason why there is none.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from payment_gateways.contract import Outcome

Answered = TypeVar("Answered")

# A token is given up a little before its end, so that it does not run out on its way to the bank.
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a log-in brought."""

    text: str = field(repr=False)
    lives_seconds: float

    @property
    def headers(self) -> dict[str, str]:
        """The header of every call that this token opens."""
        return {"Authorization": f"Bearer {self.text}"}


class Bearer:
    """The token of one account. Safe to use from many threads."""

    def __init__(
        self,
        log_in: Callable[[], AccessToken | Outcome],
        *,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log_in = log_in
        self._stopwatch = stopwatch
        self._lock = threading.Lock()
        self._attempts = 0  # log-ins that have ended, well or badly
        self._got: AccessToken | Outcome | None = None
        self._ends_at = 0.0

    def call(
        self, ask: Callable[[AccessToken], Answered], is_refused: Callable[[Answered], bool]
    ) -> Answered | Outcome:
        """Ask the bank with a token; where it refuses the token, once more with a new one.

        A refused token means that nothing was done, so that every call may be repeated. Returns
        the outcome of the log-in where that brought no token.
        """
        token = self._token()
        if isinstance(token, Outcome):
            return token
        answer = ask(token)
        if not is_refused(answer):
            return answer
        renewed = self._token(refused=token)
        return renewed if isinstance(renewed, Outcome) else ask(renewed)

    def _token(self, refused: AccessToken | None = None) -> AccessToken | Outcome:
        """The token in hand, or a new one where it is over or is the refused one."""
        attempts_seen = self._attempts
        with self._lock:
            if isinstance(self._got, AccessToken) and self._got is not refused:
                if self._stopwatch() < self._ends_at:
                    return self._got
            elif isinstance(self._got, Outcome) and self._attempts != attempts_seen:
                return self._got  # somebody has just tried, while we waited for the lock
            began = self._stopwatch()
            try:
                self._got = self._log_in()
            finally:
                self._attempts += 1
            if isinstance(self._got, AccessToken):
                self._ends_at = began + max(self._got.lives_seconds - _MARGIN_SECONDS, 0.0)
            return self._got
