"""How often strangers may try things here; the counters are shared by every process."""

from datetime import timedelta

from flask import request
from sqlalchemy.orm import Session

from offices.limits import RateLimit, TooManyTries, allow, give_back
from web.services import current

# Iranian mobile networks put thousands of people behind one address, so these are generous to an
# address and strict to a code. Guessing one of 7 * 10^11 codes at these rates takes ages.
_MISSES, _MISSES_PER = 60, timedelta(hours=1)
_GIFTS_PER = timedelta(minutes=1)
_LOOKS, _LOOKS_PER = 120, timedelta(minutes=1)
_FILES, _FILES_PER = 20, timedelta(minutes=1)
_DIGITS_FROM_HERE, _DIGITS_FROM_ANYWHERE, _DIGITS_PER = 5, 20, timedelta(hours=1)


def count_gift() -> None:
    """Count a form that was sent from this address. Raises TooManyTries."""
    with current.database.writing() as session:
        count_gift_within(session)


def count_gift_within(session: Session) -> None:
    """The same in the transaction in hand, for a form that writes anyway. Raises TooManyTries."""
    tries = current.settings.gifts_per_minute
    allow(session, f"give:{_address()}", tries=tries, per=_GIFTS_PER, now=current.now())


def count_verification() -> None:
    """Count a look at a receipt from this address. Raises TooManyTries."""
    _count(f"verify:{_address()}", _LOOKS, _LOOKS_PER)


def count_file() -> None:
    """Count a file that is to be checked from this address. Raises TooManyTries."""
    _count(f"verify-file:{_address()}", _FILES, _FILES_PER)


def count_last_four(tracking_code: str) -> None:
    """Count a try at the last four digits of one code, here and everywhere. Raises TooManyTries.

    Few from one address, so that a stranger who guesses does not lock the donor out; more from all
    together, so that many addresses do not help.
    """
    with current.database.writing() as session:
        for bucket, tries in _digits_of(tracking_code):
            allow(session, bucket, tries=tries, per=_DIGITS_PER, now=current.now())


def forget_last_four(tracking_code: str) -> None:
    """Take the last count back: the digits were right. Counted first, so that none slips by."""
    with current.database.writing() as session:
        for bucket, tries in _digits_of(tracking_code):
            give_back(session, bucket, tries=tries, per=_DIGITS_PER)


def count_miss() -> None:
    """Count a code from this address that nobody has. Raises TooManyTries."""
    _count(f"follow:{_address()}", _MISSES, _MISSES_PER)


def refuse_after_misses(session: Session) -> None:
    """Let an address that missed too often look nothing up. Raises TooManyTries.

    Without this, refusing only the misses would tell a guesser which codes exist.
    """
    row = session.get(RateLimit, f"follow:{_address()}")
    step_ms = _MISSES_PER // timedelta(milliseconds=1) // _MISSES
    window_ms = _MISSES * step_ms
    now_ms = round(current.now().timestamp() * 1000)
    if row is not None and row.empty_at_ms - now_ms + step_ms > window_ms:
        waits_ms = row.empty_at_ms - now_ms + step_ms - window_ms
        raise TooManyTries(wait_seconds=max(1, waits_ms // 1000))


def _digits_of(tracking_code: str) -> tuple[tuple[str, int], ...]:
    return (
        (f"last-four:{tracking_code}:{_address()}", _DIGITS_FROM_HERE),
        (f"last-four:{tracking_code}", _DIGITS_FROM_ANYWHERE),
    )


def _count(bucket: str, tries: int, per: timedelta) -> None:
    with current.database.writing() as session:
        allow(session, bucket, tries=tries, per=per, now=current.now())


def _address() -> str:
    return (request.remote_addr or "unknown")[:60]
