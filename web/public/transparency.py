"""The page of totals: counted from the contributions that stand, at most five minutes ago."""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from flask import current_app, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.words import spoken
from donations.partner_receipts import PartnerSums, partner_sums
from web.public.totals import DONORS_MIN, Totals, totals
from web.services import current

_KEPT_FOR = timedelta(minutes=5)
_COUNTING = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Counted:
    """Totals and when they were counted; kept in each process, for each language."""

    totals: Totals
    partners: PartnerSums | None  # nothing where there are too few receipts to show them
    at: datetime


def transparency() -> ResponseReturnValue:
    """Totals for every purpose, service and province, as drawings and as tables."""
    counted = _counted()
    return render_template(
        "public/transparency.html",
        totals=counted.totals,
        partners=counted.partners,
        counted_at=counted.at,
        donors_min=DONORS_MIN,
    )


def _counted() -> _Counted:
    """The totals kept; where they are old, one visitor waits for new ones and nobody else does."""
    kept = cast(dict[str, _Counted], current_app.extensions.setdefault("public_totals", {}))
    now = current.now()
    last = kept.get(spoken())
    if last is not None and last.at <= now < last.at + _KEPT_FOR:
        return last
    if not _COUNTING.acquire(blocking=last is None) and last is not None:
        return last
    try:
        with current.database.reading() as session:
            kept[spoken()] = _Counted(totals(session), _partners(session), now)
        return kept[spoken()]
    finally:
        _COUNTING.release()


def _partners(session: Session) -> PartnerSums | None:
    sums = partner_sums(session)
    return sums if sums.receipts >= DONORS_MIN else None
