"""Passwords: kept as argon2id, and as dear to check for a name that does not exist."""

import secrets
import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.profiles import RFC_9106_LOW_MEMORY

from core.refusals import Refusal
from offices.limits import TooManyTries

LENGTH_MIN = 10
LENGTH_MAX = 128  # a longer one is refused before it costs anything
AT_ONCE = 4  # each check takes 64 MiB
_PATIENCE_SECONDS = 3.0

_hasher = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_places = threading.BoundedSemaphore(AT_ONCE)


class WeakPassword(Refusal):
    """A password that is too short or too long."""

    code = "password.weak"
    http_status = 422
    field = "password"


def hashed(password: str) -> str:
    """The form in which a password is kept. Raises WeakPassword."""
    if not LENGTH_MIN <= len(password) <= LENGTH_MAX:
        raise WeakPassword(shortest=LENGTH_MIN, longest=LENGTH_MAX)
    return _hasher.hash(password)


def agrees(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept; ``None``, for nobody, takes just as long.

    Raises TooManyTries when too many others are being checked at this moment.
    """
    nobody = _nobodys_hash()  # made before the branch, so that the first stranger waits no longer
    if not _places.acquire(timeout=_PATIENCE_SECONDS):
        raise TooManyTries(wait_seconds=round(_PATIENCE_SECONDS))
    try:
        return _hasher.verify(kept or nobody, password[:LENGTH_MAX]) and kept is not None
    except (VerifyMismatchError, InvalidHashError):
        return False
    finally:
        _places.release()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(32))
