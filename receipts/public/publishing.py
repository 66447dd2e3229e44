"""Publishing the signed list of each day's chain heads, once the day is over."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import Database, insert_if_new
from core.hashchain import GENESIS
from core.jalali import jalali_plain
from receipts.documents.organisation import ORGANISATION
from receipts.life.chain import DayHead, SeriesChain, chain_series, day_heads
from receipts.life.numbering import number_text
from receipts.life.series import Receipt, ReceiptSeries
from receipts.public.heads import PublishedHeads
from receipts.seals.seal import Seal

FORMAT = "mosharekat-chain-heads-1"
_SETTLED_AFTER = timedelta(minutes=10)  # no transaction of yesterday is open any more by then
_DAY = timedelta(days=1)


def publish_heads(database: Database, seal: Seal, *, now: datetime) -> list[date]:
    """Publish the list of every day that is over and has none; returns those days.

    Days without receipts have their list too, so that a missing one is seen. Of two publishers
    at once the first is kept.
    """
    chain_series(database, now=now)
    published: list[date] = []
    while True:
        with database.reading() as session:
            due = _next_day(session, now)
            if due is None or not _is_chained(session, due):
                return published
            if due in published:
                raise RuntimeError(f"the list of {due} cannot be stored: another one is in its way")
            text = _text(session, due)
        signature = seal.detached(text.encode())
        with database.writing() as session:
            session.execute(
                insert_if_new(
                    session,
                    PublishedHeads,
                    day=due,
                    text=text,
                    text_hash=_digest(text),
                    previous_hash=json.loads(text)["previous"]["sha256"],
                    signature=base64.b64encode(signature).decode(),
                    certificates=certificates_pem(seal),
                    published_at=now,
                )
            )
        published.append(due)


def certificates_pem(seal: Seal) -> str:
    """The certificates of a seal, the signer's first."""
    return "".join(
        certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in seal.chain
    )


def _next_day(session: Session, now: datetime) -> date | None:
    """The first day that is over and has no list, from the day of the first receipt on."""
    latest = session.scalars(select(func.max(PublishedHeads.day))).one()
    if latest is None:
        first = session.scalars(select(func.min(Receipt.issued_on))).one()
        due = first
    else:
        due = latest + _DAY
    return due if due is not None and due < tehran_date(now - _SETTLED_AFTER) else None


def _is_chained(session: Session, day: date) -> bool:
    """Whether every receipt up to a day is in the chain of its series.

    Those of a number block count up to its counter: what stands behind a number that is still to
    come is bound by the list of the day on which that number comes.
    """
    ends = dict(
        session.execute(
            select(SeriesChain.series_id, func.max(SeriesChain.last_serial)).group_by(
                SeriesChain.series_id
            )
        ).all()
    )
    younger = (
        select(Receipt.id)
        .where(
            Receipt.series_id == series_id,
            Receipt.serial.between(ends.get(series_id, 0) + 1, last_serial),
            Receipt.issued_on <= day,
        )
        .limit(1)
        for series_id, last_serial in session.execute(
            select(ReceiptSeries.id, ReceiptSeries.last_serial)
        )
    )
    return not any(session.execute(statement).first() for statement in younger)


def _text(session: Session, day: date) -> str:
    """The list of a day: names in order, one blank a level, so that people can read it too."""
    before = session.execute(
        select(PublishedHeads.day, PublishedHeads.text_hash).where(PublishedHeads.day == day - _DAY)
    ).one_or_none()
    facts = {
        "format": FORMAT,
        "organisation": ORGANISATION["fa"],
        "day": day.isoformat(),
        "jalali_day": jalali_plain(day),
        "previous": {
            "day": before.day.isoformat() if before else None,
            "sha256": before.text_hash if before else GENESIS,
        },
        "series": _rows(day_heads(session, day)),
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _rows(heads: Sequence[DayHead]) -> list[dict[str, str]]:
    rows = []
    for head in heads:
        year, _slash, code = head.series.partition("/")
        first, last = (number_text(int(year), code, serial) for serial in (head.first, head.last))
        rows.append({"series": head.series, "first": first, "last": last, "head": head.head_hash})
    return rows


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
