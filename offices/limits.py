"""How often something may be tried: one row a bucket, shared by every process."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, String, Table, bindparam, case, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, engine_of, upsert_of
from core.refusals import Refusal


class TooManyTries(Refusal):
    """The bucket is empty; ``wait_seconds`` says for how long."""

    code = "too_many_tries"
    http_status = 429


class RateLimit(Base):
    """One bucket of the generic cell rate algorithm: the moment at which it is empty again."""

    __tablename__ = "rate_limit"

    bucket: Mapped[str] = mapped_column(String(120), primary_key=True)
    empty_at_ms: Mapped[int]  # milliseconds since 1970, UTC


def allow(session: Session, bucket: str, *, tries: int, per: timedelta, now: datetime) -> None:
    """Count one try. Raises TooManyTries when more than ``tries`` came within ``per``.

    A refused try is not counted, so nobody can lock somebody else out for longer.
    """
    now_ms = round(now.timestamp() * 1000)
    window_ms = round(per.total_seconds() * 1000)
    step_ms = window_ms // tries
    asked = {
        "bucket": bucket,
        "step_ms": step_ms,
        "first_ms": now_ms + step_ms,
        "latest_ms": now_ms - step_ms + window_ms,
    }
    taken = session.execute(_take(engine_of(session)), asked).first()
    if taken is None:
        empty_at_ms = session.get_one(RateLimit, bucket).empty_at_ms
        raise TooManyTries(
            wait_seconds=max(1, (empty_at_ms - now_ms + step_ms - window_ms) // 1000)
        )


def give_back(session: Session, bucket: str, *, tries: int, per: timedelta) -> None:
    """Take one count back, of a try that was no guess after all."""
    step_ms = round(per.total_seconds() * 1000) // tries
    session.execute(
        update(RateLimit)
        .where(RateLimit.bucket == bucket)
        .values(empty_at_ms=RateLimit.empty_at_ms - step_ms)
        .execution_options(synchronize_session=False)
    )


@cache
def _take(engine: str) -> Any:
    """One drop into a bucket, unless that would fill it beyond its latest moment of being empty."""
    step_ms, first_ms, latest_ms = (
        bindparam(name, type_=BigInteger) for name in ("step_ms", "first_ms", "latest_ms")
    )
    row = cast(Table, RateLimit.__table__).c
    fresh = upsert_of(engine, cast(Table, RateLimit.__table__)).values(
        bucket=bindparam("bucket"), empty_at_ms=first_ms
    )
    later = row.empty_at_ms + step_ms
    return fresh.on_conflict_do_update(
        index_elements=[row.bucket],
        set_={"empty_at_ms": case((later > first_ms, later), else_=first_ms)},
        where=row.empty_at_ms <= latest_ms,
    ).returning(row.empty_at_ms)
