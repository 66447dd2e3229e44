"""Whose money a deposit slip carries: closed sessions and rounds, and where that money is now."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    cast,
    exists,
    func,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from core.database import Id
from core.refusals import Refusal
from donations.models.cash_count import CashCount
from donations.models.cashier import CashierSession, SessionClosing
from donations.models.collection_round import CollectionRound, RoundClosing, RoundContribution
from donations.models.contribution import ContributionLine, ContributionReversal
from donations.models.desk import DepositSlip
from donations.models.slip_source import SlipSource
from donations.slips import slip_stands
from ledger.accounts import LedgerAccount
from ledger.postings import Cause, Entry, Posting

_SHOWN = 100
_KEY = re.compile(r"[rs][1-9][0-9]{0,17}")


class SourceUnusable(Refusal):
    """A session or round that is not closed, not of this desk, or on another slip already."""

    code = "slip.source_unusable"
    http_status = 422
    field = "sources"


class NotOfSources(Refusal):
    """A slip that takes less than its rounds brought, or more than all of its sources."""

    code = "slip.not_of_sources"
    http_status = 422
    field = "amount"


@dataclass(frozen=True, slots=True)
class Source:
    """A closed session or round, with what stands of its cash; ``key`` names it in a form."""

    key: str
    number: int
    count_id: int
    standing_rial: int
    session_id: int | None = None
    round_id: int | None = None


def sources_waiting(session: Session, office_id: int) -> Sequence[Source]:
    """The latest closed sessions and rounds of a desk whose money is on no slip, newest first.

    Each with what still stands of it: what was voided since it was closed is not there any more.
    """
    rounds = _rounds(office_id).order_by(CollectionRound.id.desc()).limit(_SHOWN)
    sessions = _sessions(office_id).order_by(CashierSession.id.desc()).limit(_SHOWN)
    return [*_read_rounds(session, rounds), *_read_sessions(session, sessions)]


def chosen_sources(
    session: Session, office_id: int, keys: Collection[str], amount_rial: int
) -> Sequence[Source]:
    """The sources that a slip over so much names. Raises SourceUnusable, NotOfSources.

    The money of a round goes to the bank whole; of a session a part may stay at the desk.
    """
    named = {source.key: source for source in _named(session, office_id, keys)}
    if not set(keys) <= named.keys():
        raise SourceUnusable
    chosen = [named[key] for key in sorted(set(keys))]
    if not chosen:
        return ()
    least = sum(source.standing_rial for source in chosen if source.round_id is not None)
    most = sum(source.standing_rial for source in chosen)
    if not least <= amount_rial <= most:
        raise NotOfSources(least_rial=least, most_rial=most)
    return chosen


def write_sources(session: Session, slip: DepositSlip, sources: Sequence[Source]) -> None:
    """Say whose money a slip carries. What lay in a slip that was voided lies in this one now."""
    before = session.execute(
        select(SlipSource.count_id, func.max(SlipSource.slip_id))
        .where(SlipSource.count_id.in_([each.count_id for each in sources]))
        .group_by(SlipSource.count_id)
    )
    last: dict[int, int] = dict(before.all())
    session.add_all(
        SlipSource(
            slip_id=slip.id,
            session_id=each.session_id,
            round_id=each.round_id,
            count_id=each.count_id,
            after_slip_id=last.get(each.count_id),
        )
        for each in sources
    )
    session.flush()


def voided_cash() -> CompoundSelect[*tuple[Any, ...]]:
    """What was voided of closed sessions and rounds since: ``count_id``, ``amount_rial``."""
    return union_all(_voided_of_rounds(), _voided_of_sessions())


def slip_of_count(session: Session, count_id: int) -> DepositSlip | None:
    """The slip that stands and carries the money of a count, if there is one."""
    return session.scalars(
        select(DepositSlip)
        .join(SlipSource, SlipSource.slip_id == DepositSlip.id)
        .where(SlipSource.count_id == count_id, slip_stands())
    ).one_or_none()


def slips_of_rounds(session: Session, round_ids: Collection[int]) -> Mapping[int, DepositSlip]:
    """The slip that stands and carries the money of each round, where there is one."""
    rows = session.execute(
        select(SlipSource.round_id, DepositSlip)
        .join(DepositSlip, DepositSlip.id == SlipSource.slip_id)
        .where(SlipSource.round_id.in_(round_ids), slip_stands())
    )
    return {round_id: slip for round_id, slip in rows if round_id is not None}


def slip_of_session(session: Session, session_id: int) -> DepositSlip | None:
    """The slip that stands and carries the money of a session, if there is one."""
    return session.scalars(
        select(DepositSlip)
        .join(SlipSource, SlipSource.slip_id == DepositSlip.id)
        .where(SlipSource.session_id == session_id, slip_stands())
    ).one_or_none()


def sources_of_slip(
    session: Session, slip_id: int
) -> tuple[Sequence[CashierSession], Sequence[CollectionRound]]:
    """The sessions and the rounds whose money a slip carries."""
    sessions = session.scalars(
        select(CashierSession)
        .join(SlipSource, SlipSource.session_id == CashierSession.id)
        .where(SlipSource.slip_id == slip_id)
        .order_by(CashierSession.id)
    ).all()
    rounds = session.scalars(
        select(CollectionRound)
        .join(SlipSource, SlipSource.round_id == CollectionRound.id)
        .where(SlipSource.slip_id == slip_id)
        .order_by(CollectionRound.id)
    ).all()
    return sessions, rounds


def standing_of_slip(session: Session, slip_id: int) -> int:
    """What stands of everything that a slip carries, in rials; zero where it names no source."""
    standing = (
        select(_standing_rial())
        .join(SlipSource, SlipSource.count_id == CashCount.id)
        .where(SlipSource.slip_id == slip_id)
    )
    return sum(session.scalars(standing))


def _named(session: Session, office_id: int, keys: Collection[str]) -> Sequence[Source]:
    ids: dict[str, list[int]] = {"r": [], "s": []}
    for key in keys:
        if _KEY.fullmatch(key) is None:
            raise SourceUnusable
        ids[key[0]].append(int(key[1:]))
    rounds = _rounds(office_id).where(CollectionRound.id.in_(ids["r"]))
    sessions = _sessions(office_id).where(CashierSession.id.in_(ids["s"]))
    return [*_read_rounds(session, rounds), *_read_sessions(session, sessions)]


def _rounds(office_id: int) -> Select[int, int, int, int]:
    return (
        select(CollectionRound.id, CollectionRound.number, CashCount.id, _standing_rial())
        .join(RoundClosing, RoundClosing.round_id == CollectionRound.id)
        .join(CashCount, CashCount.id == RoundClosing.count_id)
        .where(CollectionRound.office_id == office_id, *_waits())
    )


def _sessions(office_id: int) -> Select[int, int, int, int]:
    return (
        select(CashierSession.id, CashierSession.number, CashCount.id, _standing_rial())
        .join(SessionClosing, SessionClosing.session_id == CashierSession.id)
        .join(CashCount, CashCount.id == SessionClosing.count_id)
        .where(CashierSession.office_id == office_id, *_waits())
    )


def _read_rounds(session: Session, rounds: Select[int, int, int, int]) -> Iterator[Source]:
    for key, number, count_id, rial in session.execute(rounds):
        yield Source(f"r{key}", number, count_id, rial, round_id=key)


def _read_sessions(session: Session, sessions: Select[int, int, int, int]) -> Iterator[Source]:
    for key, number, count_id, rial in session.execute(sessions):
        yield Source(f"s{key}", number, count_id, rial, session_id=key)


def _voided_of_rounds() -> Select[int, int | None]:
    return (
        select(RoundContribution.count_id, ContributionLine.amount_rial)
        .join(
            ContributionReversal,
            ContributionReversal.contribution_id == RoundContribution.contribution_id,
        )
        .join(
            ContributionLine, ContributionLine.contribution_id == RoundContribution.contribution_id
        )
    )


def _voided_of_sessions() -> Select[int, int]:
    """Cash of a session that was voided before lay in its drawer, and was never counted."""
    reversal, taken_back = aliased(Posting), aliased(Entry)
    return (
        select(SessionClosing.count_id, Entry.amount_rial)
        .join(CashierSession, CashierSession.id == SessionClosing.session_id)
        .join(LedgerAccount, LedgerAccount.code == CashierSession.account)
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .join(Posting, Posting.id == Entry.posting_id)
        .join(reversal, reversal.reverses_id == Posting.id)
        .where(
            Posting.cause == Cause.CONTRIBUTION,
            ~exists().where(
                taken_back.posting_id == reversal.id, taken_back.account_id == LedgerAccount.id
            ),
        )
    )


def _standing_rial() -> ColumnElement[int]:
    """What stands of the count of a query, in rials: counted, less what was voided since.

    The float of a session is less, too: it is cash of the desk, of which another source tells.
    """
    of_float = select(CashierSession.float_rial).where(CashierSession.id == CashCount.session_id)
    of_round = (
        _voided_of_rounds()
        .with_only_columns(_whole(ContributionLine.amount_rial))
        .where(
            RoundContribution.round_id == CashCount.round_id,
            RoundContribution.count_id == CashCount.id,
        )
    )
    of_session = (
        _voided_of_sessions()
        .with_only_columns(_whole(Entry.amount_rial))
        .where(
            SessionClosing.session_id == CashCount.session_id,
            SessionClosing.count_id == CashCount.id,
        )
    )
    return (
        CashCount.counted_rial
        - func.coalesce(of_float.correlate(CashCount).scalar_subquery(), 0)
        - of_round.correlate(CashCount).scalar_subquery()
        - of_session.correlate(CashCount).scalar_subquery()
    )


def _whole(amount_rial: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    """The sum of some rials of one count, as a whole number also on PostgreSQL."""
    return cast(func.coalesce(func.sum(amount_rial), 0), Id)


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Whether something stands of a count, and no slip carries it which stands."""
    carried = (
        exists()
        .where(
            SlipSource.count_id == CashCount.id,
            DepositSlip.id == SlipSource.slip_id,
            slip_stands(),
        )
        .correlate(CashCount)
    )
    return CashCount.counted_rial > 0, ~carried, _standing_rial() > 0
