"""Proofs that every rial of cash lies at exactly one place: at a desk or in an open drawer."""

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Select, case, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.words import _
from donations.custody.slip_sources import voided_cash
from donations.models.cash_count import CashCount, CountedNote, Denomination
from donations.models.cashier import CashierSession, OpenDrawer, SessionClosing
from donations.models.collection_round import (
    BoxAmount,
    CollectionRound,
    RoundClosing,
    RoundContribution,
)
from donations.models.contribution import Contribution, ContributionLine, Tender
from donations.models.desk import DepositSlip, SlipVoid
from donations.models.slip_source import SlipSource
from donations.slips import slip_stands
from flows.checking.exact import exact_sum
from flows.checking.gifts import contribution_stands
from flows.checking.statements import match_stands
from ledger.accounts import AccountKind, LedgerAccount
from ledger.postings import Entry
from offices.places import Office
from reconciliation.matches import Match, Target, has_target


def cash_differences(session: Session) -> Iterator[str]:
    """Offices whose desk and drawers do not hold, together, the cash that the facts tell of.

    That is what stands of the cash they took, with what sessions were over and short, less what
    the bank's statement says was handed in.
    """
    told: Counter[str] = Counter()
    for query in (_taken(), _differing(), _handed_in()):
        told.update(dict(session.execute(query).all()))
    held = dict(session.execute(_held()).all())
    for code in sorted(told.keys() | held.keys()):
        if told[code] != held.get(code, 0):
            yield _("desk {desk}: {told} rials of cash were taken, the books say {held}").format(
                desk=code, told=told[code], held=held.get(code, 0)
            )


def drawers_not_as_sessions(session: Session) -> Iterator[str]:
    """Drawers below zero, of closed sessions and not empty, or open without a session that is."""
    balances = (
        select(LedgerAccount.code, exact_sum(Entry.amount_rial).label("rial"))
        .join_from(LedgerAccount, Entry, Entry.account_id == LedgerAccount.id)
        .where(LedgerAccount.kind == AccountKind.DRAWER)
        .group_by(LedgerAccount.code)
        .subquery()
    )
    is_open = exists().where(OpenDrawer.session_id == CashierSession.id).correlate(CashierSession)
    wrong = (
        select(balances.c.code, balances.c.rial)
        .outerjoin(CashierSession, CashierSession.account == balances.c.code)
        .where(
            or_(
                balances.c.rial < 0,
                (balances.c.rial != 0) & (CashierSession.id.is_(None) | ~is_open),
            )
        )
        .order_by(balances.c.code)
    )
    for code, rial in session.execute(wrong):
        yield _("{account} holds {rial} rials, which it should not").format(account=code, rial=rial)
    is_closed = exists().where(SessionClosing.session_id == CashierSession.id)
    both_or_none = or_(is_open & is_closed, ~is_open & ~is_closed)
    for session_id in session.scalars(
        select(CashierSession.id).where(both_or_none).order_by(CashierSession.id)
    ):
        yield _("cashier's session {id} is neither open nor closed, or both").format(id=session_id)


def counts_not_as_noted(session: Session) -> Iterator[str]:
    """Counts that are not the sum of their notes, and rounds that are not the sum of their boxes.

    A closed round is also the sum of the contributions that it became, reversed ones too.
    """
    notes = (
        select(exact_sum(CountedNote.quantity * Denomination.value_rial))
        .join(Denomination, Denomination.id == CountedNote.denomination_id)
        .where(CountedNote.count_id == CashCount.id)
        .correlate(CashCount)
        .scalar_subquery()
    )
    boxes = (
        select(exact_sum(BoxAmount.amount_rial))
        .where(BoxAmount.count_id == CashCount.id)
        .correlate(CashCount)
        .scalar_subquery()
    )
    wrong = or_(
        CashCount.counted_rial != notes,
        CashCount.round_id.is_not(None) & (CashCount.counted_rial != boxes),
    )
    for count_id in session.scalars(select(CashCount.id).where(wrong).order_by(CashCount.id)):
        yield _("count {id} is not the sum of what was counted").format(id=count_id)
    for count_id in session.scalars(
        select(CashCount.id)
        .join(RoundClosing, RoundClosing.round_id == CashCount.round_id)
        .where(RoundClosing.count_id.is_(None))
        .order_by(CashCount.id)
    ):
        yield _("count {id} is of a round that was cancelled").format(id=count_id)
    became = (
        select(exact_sum(ContributionLine.amount_rial))
        .join(
            RoundContribution,
            RoundContribution.contribution_id == ContributionLine.contribution_id,
        )
        .where(RoundContribution.round_id == RoundClosing.round_id)
        .correlate(RoundClosing)
        .scalar_subquery()
    )
    for number in session.scalars(
        select(CollectionRound.id)
        .join(RoundClosing, RoundClosing.round_id == CollectionRound.id)
        .join(CashCount, CashCount.id == RoundClosing.count_id)
        .where(CashCount.counted_rial != became)
        .order_by(CollectionRound.id)
    ):
        yield _("round {id} is not what it became").format(id=number)


def slips_not_as_carried(session: Session) -> Iterator[str]:
    """Slips missing from their numbers, at the bank though void, or carrying what is not there.

    A slip that names sessions and rounds carries all that stands of the rounds, and no more than
    what stands of all of them; the float of a session is not its own.
    """
    numbers = session.execute(
        select(Office.code, func.count(), func.max(DepositSlip.number))
        .join(DepositSlip, DepositSlip.office_id == Office.id)
        .group_by(Office.code)
        .having(func.count() != func.max(DepositSlip.number))
        .order_by(Office.code)
    )
    for code, slips, last in numbers:
        yield _("desk {desk}: its last slip is {last}, and it has {slips}").format(
            desk=code, last=last, slips=slips
        )
    matched = exists().where(has_target(Target.DEPOSIT_SLIP, SlipVoid.slip_id), match_stands())
    for slip_id in session.scalars(
        select(SlipVoid.slip_id).where(matched).order_by(SlipVoid.slip_id)
    ):
        yield _("slip {id} is void and matched").format(id=slip_id)
    for slip_id in session.scalars(_wrongly_carried()):
        yield _("slip {id} does not carry what stands of its sources").format(id=slip_id)


def _wrongly_carried() -> Select[int]:
    """Standing slips of less than what stands of their rounds, or more than of all sources."""
    voided = voided_cash().subquery()
    standing = union_all(
        select(CashCount.id.label("count_id"), CashCount.counted_rial.label("rial")),
        select(SessionClosing.count_id, -CashierSession.float_rial).join(
            CashierSession, CashierSession.id == SessionClosing.session_id
        ),
        select(voided.c.count_id, -voided.c.amount_rial),
    ).subquery()
    of_rounds = case((SlipSource.round_id.is_not(None), standing.c.rial), else_=0)
    return (
        select(DepositSlip.id)
        .join(SlipSource, SlipSource.slip_id == DepositSlip.id)
        .join(standing, standing.c.count_id == SlipSource.count_id)
        .where(slip_stands())
        .group_by(DepositSlip.id, DepositSlip.amount_rial)
        .having(
            or_(
                DepositSlip.amount_rial < exact_sum(of_rounds),
                DepositSlip.amount_rial > exact_sum(standing.c.rial),
            )
        )
        .order_by(DepositSlip.id)
    )


def _taken() -> Select[str, int]:
    return (
        select(Office.code, sum_rial(ContributionLine.amount_rial))
        .join(Contribution, Contribution.office_id == Office.id)
        .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
        .where(Contribution.tender == Tender.CASH, contribution_stands())
        .group_by(Office.code)
    )


def _differing() -> Select[str, int]:
    return (
        select(Office.code, sum_rial(SessionClosing.difference_rial))
        .join(CashierSession, CashierSession.office_id == Office.id)
        .join(SessionClosing, SessionClosing.session_id == CashierSession.id)
        .group_by(Office.code)
    )


def _handed_in() -> Select[str, int]:
    return (
        select(Office.code, sum_rial(-Match.amount_rial))
        .join(DepositSlip, DepositSlip.office_id == Office.id)
        .join(Match, has_target(Target.DEPOSIT_SLIP, DepositSlip.id))
        .where(match_stands())
        .group_by(Office.code)
    )


def _held() -> Select[str, int]:
    return (
        select(Office.code, sum_rial(Entry.amount_rial))
        .select_from(Entry)
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .outerjoin(CashierSession, CashierSession.account == LedgerAccount.code)
        .join(
            Office,
            or_(
                Office.id == CashierSession.office_id,
                LedgerAccount.code == literal(f"{AccountKind.DESK}:") + Office.code,
            ),
        )
        .where(LedgerAccount.kind.in_((AccountKind.DESK, AccountKind.DRAWER)))
        .group_by(Office.code)
    )
