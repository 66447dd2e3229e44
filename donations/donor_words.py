"""The index by which donors are looked up: the name from each of its words on, office by office.

``زهرا احمدی`` stands under «زهرا احمدی» and under «احمدی», so that whatever somebody begins to type
is one range of an index, at whichever word they begin.
"""

from collections.abc import Iterable
from functools import cache
from operator import attrgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database import engine_of, upsert_of
from core.digits import folded
from donations.models.donor import WORD_MAX, Donor, DonorWord
from donations.models.pledge import HiddenFrom, Pledge

STARTS_MAX = 6  # words of a name at which somebody may begin
_AFTER_EVERYTHING = "\U0010ffff"


def keep_words(session: Session, pledge: Pledge, office_id: int) -> None:
    """Let the donor of a pledge be found at an office, unless the donor hides from everyone.

    Called again for the same donor and office it changes nothing.
    """
    keep_words_of_many(session, [pledge], office_id)


def keep_words_of_many(session: Session, pledges: Iterable[Pledge], office_id: int) -> None:
    """The same for many pledges, with one statement."""
    donors: set[Donor] = {
        pledge.donor
        for pledge in pledges
        if pledge.donor is not None and pledge.hidden_from is not HiddenFrom.EVERYONE
    }
    rows = [
        {"office_id": office_id, "word": word, "donor_id": donor.id}
        for donor in sorted(donors, key=attrgetter("id"))
        for word in sorted(words_of(donor.name_folded or ""))
    ]
    if rows:
        session.execute(_insert_if_new(engine_of(session)), rows)


def words_of(name_folded: str) -> set[str]:
    """What a folded name is found under."""
    parts = name_folded.split()
    return {" ".join(parts[at:])[:WORD_MAX] for at in range(min(len(parts), STARTS_MAX))}


def typed_words(text: str) -> list[str]:
    """What to look up for what somebody typed: also with the family name first."""
    parts = folded(text).split()[:STARTS_MAX]
    turned = (" ".join(parts[at:] + parts[:at])[:WORD_MAX] for at in range(len(parts)))
    return list(dict.fromkeys(turned))


def begins(column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    """That a word begins so: one range of the index."""
    return and_(column >= start, column < start + _AFTER_EVERYTHING)


@cache
def _insert_if_new(engine: str) -> Any:
    return upsert_of(engine, cast(Table, DonorWord.__table__)).on_conflict_do_nothing()
