"""How often something may be tried: one row a bucket, shared by every process."""

from datetime import datetime, timedelta

from sqlalchemy import String, case
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, upsert
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
    fresh = upsert(session, RateLimit).values(bucket=bucket, empty_at_ms=now_ms + step_ms)
    later = RateLimit.empty_at_ms + step_ms
    taken = session.execute(
        fresh.on_conflict_do_update(
            index_elements=[RateLimit.bucket],
            set_={"empty_at_ms": case((later > now_ms + step_ms, later), else_=now_ms + step_ms)},
            where=(RateLimit.empty_at_ms - now_ms + step_ms <= window_ms),
        ).returning(RateLimit.empty_at_ms)
    ).first()
    if taken is None:
        empty_at_ms = session.get_one(RateLimit, bucket).empty_at_ms
        raise TooManyTries(
            wait_seconds=max(1, (empty_at_ms - now_ms + step_ms - window_ms) // 1000)
        )
