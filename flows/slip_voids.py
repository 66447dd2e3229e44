"""Voiding a deposit slip, and why cash that lies in one cannot be given back before that."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from donations.custody.slip_sources import slip_of_count, standing_of_slip
from donations.in_scope import slips_in
from donations.models.cashier import CashierSession, SessionClosing
from donations.models.collection_round import CollectionRound, RoundContribution
from donations.models.contribution import Contribution
from donations.models.desk import DepositSlip, SlipVoid
from donations.slips import write_slip_void
from flows.emptyings import lines_of_slips
from offices.audit import note
from offices.holding import hold_office
from offices.scope import Scope
from reconciliation.expected import forget_slip
from reconciliation.reviewing import is_open_under


class SlipMatched(Refusal):
    """The bank's statement has the cash of the slip, and a match says so."""

    code = "slip.matched"


class SlipOnStatement(Refusal):
    """The statement shows money under the deposit id of the slip, which nothing explains."""

    code = "slip.on_statement"


class CashOnSlip(Refusal):
    """The cash of an entry lies in a slip that stands: that is voided first."""

    code = "void.cash_on_slip"


class CashAtTheBank(Refusal):
    """The cash of an entry came to the account with a slip: its match is undone first."""

    code = "void.cash_at_the_bank"


def void_slip(
    session: Session, scope: Scope, slip_id: int, reason: str, *, voided_by_id: int, now: datetime
) -> SlipVoid:
    """Say that the cash of a slip stays where it lies, for no statement shows it.

    No run can match it afterwards: whoever is first, the void or a run, takes its row among the
    expected deposits, and the other one finds none. Raises NotFound, SlipMatched, SlipOnStatement,
    SlipVoided, SlipSecondPersonNeeded, SlipReasonMissing.
    """
    slip = slip_in(session, scope, slip_id)
    hold_office(session, slip.office_id)
    void = write_slip_void(session, slip, reason, voided_by_id=voided_by_id, now=now)
    _look_out_no_more(session, slip)
    note(
        session,
        "slip.void",
        subject="deposit_slip",
        subject_id=slip.id,
        now=now,
        actor_id=voided_by_id,
        amount_rial=slip.amount_rial,
        deposit_id=slip.deposit_id,
        reason=void.reason,
    )
    return void


def _look_out_no_more(session: Session, slip: DepositSlip) -> None:
    if lines_of_slips(session, [slip.id]):
        raise SlipMatched(number=slip.number)
    if not forget_slip(session, slip):  # a run, which was waited for, may have taken it meanwhile
        if lines_of_slips(session, [slip.id]):
            raise SlipMatched(number=slip.number)
        raise RuntimeError(f"slip {slip.id} is neither awaited nor matched; rebuild the tables")
    if is_open_under(session, slip.deposit_id):  # with whatever amount
        raise SlipOnStatement(number=slip.number)


def slip_in(session: Session, scope: Scope, slip_id: int) -> DepositSlip:
    """One slip. Raises NotFound for one outside the scope."""
    slip = session.scalars(slips_in(scope).where(DepositSlip.id == slip_id)).one_or_none()
    if slip is None:
        raise NotFound(subject="deposit_slip")
    return slip


def round_of_gift(session: Session, contribution_id: int) -> CollectionRound | None:
    """The round that became this contribution, if it was one."""
    return session.scalars(
        select(CollectionRound)
        .join(RoundContribution, RoundContribution.round_id == CollectionRound.id)
        .where(RoundContribution.contribution_id == contribution_id)
    ).one_or_none()


def refuse_carried(
    session: Session, contribution: Contribution, closed: CashierSession | None
) -> None:
    """Let cash that a slip carries be; ``closed`` is the session that took it, if one did.

    A round goes to the bank whole. Of a session a part may have stayed, from which the cash is
    given back. The caller holds the office. Raises CashOnSlip, CashAtTheBank.
    """
    of_round = session.scalars(
        select(RoundContribution.count_id).where(
            RoundContribution.contribution_id == contribution.id
        )
    ).one_or_none()
    of_session = select(SessionClosing.count_id).where(
        SessionClosing.session_id == (closed.id if closed else None)
    )
    count_id = of_round or session.scalars(of_session).one_or_none()
    slip = slip_of_count(session, count_id) if count_id is not None else None
    if slip is None:
        return
    cash_rial = sum(line.amount_rial or 0 for line in contribution.lines)
    left_rial = standing_of_slip(session, slip.id) - cash_rial
    if of_round is None and slip.amount_rial <= left_rial:
        return
    if lines_of_slips(session, [slip.id]):
        raise CashAtTheBank(number=slip.number)
    raise CashOnSlip(number=slip.number)
