"""Undoing a slice of matches: everything their booking did is reversed, nothing is deleted."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, insert, literal, select, update
from sqlalchemy.orm import Session

from core.bulk import listed
from core.clock import tehran_date
from core.events import Happening
from donations.models.contribution import (
    Contribution,
    ContributionLine,
    ContributionReversal,
    Origin,
)
from donations.models.pledge import ItemState, PledgeItem
from flows.events import emit_many
from ledger.postings import Cause, Posting
from ledger.setwise import reverse_each
from receipts.life.series import VoidCause
from receipts.life.voiding import void_receipts
from reconciliation.found import UNDOING
from reconciliation.locks import hold_accounts, refuse_locked_lines
from reconciliation.matches import Target
from reconciliation.undoing import give_up_lines, reopen, write_undos


def undo_chosen(
    session: Session,
    *,
    reason: str,
    undone_by_id: int | None,
    now: datetime,
    of_signed_days: bool = False,
) -> None:
    """Undo the chosen matches with their contributions, receipts and postings.

    Only what two persons decided may be undone of signed days. Raises UndoneMeanwhile where
    somebody else was a moment earlier, DayLocked.
    """
    lines = select(UNDOING.c.line_id)
    hold_accounts(session, lines)
    if not of_signed_days:
        refuse_locked_lines(session, lines)
    give_up_lines(session)
    write_undos(session, reason=reason, undone_by_id=undone_by_id, now=now)
    reverse_each(
        session,
        and_(
            Posting.cause == Cause.MATCH,
            Posting.cause_id.in_(select(UNDOING.c.match_id)),
        ),
        booked_on=tehran_date(now),
        now=now,
    )
    ids = _standing_contributions(session)
    if ids:
        reverse_deposits(session, ids, reason=reason, undone_by_id=undone_by_id, now=now)
    reopen(session)


def reverse_deposits(
    session: Session,
    ids: Sequence[int],
    *,
    reason: str,
    undone_by_id: int | None,
    now: datetime,
) -> None:
    """What ``flows.receiving.reverse_contribution`` does, for all of a slice at once.

    The caller holds their pledges and knows that all of them stand.
    """
    listed_ids = listed(session.connection(), ids)
    chosen = Contribution.id.in_(listed_ids)
    session.execute(
        insert(ContributionReversal).from_select(
            ["contribution_id", "reason", "asked_by_id", "reversed_at"],
            select(
                Contribution.id,
                literal(reason, ContributionReversal.reason.type),
                literal(undone_by_id, ContributionReversal.asked_by_id.type),
                literal(now, ContributionReversal.reversed_at.type),
            ).where(chosen),
        )
    )
    items = select(ContributionLine.pledge_item_id).where(
        ContributionLine.contribution_id.in_(listed_ids)
    )
    session.execute(
        update(PledgeItem).where(PledgeItem.id.in_(items)).values(state=ItemState.PROMISED),
        execution_options={"synchronize_session": False},
    )
    reverse_each(
        session,
        and_(Posting.cause == Cause.CONTRIBUTION, Posting.cause_id.in_(listed_ids)),
        booked_on=tehran_date(now),
        now=now,
    )
    void_receipts(
        session,
        listed_ids,
        cause=VoidCause.MATCH_UNDONE,
        reason=reason,
        voided_by_id=undone_by_id,
        now=now,
    )
    emit_many(session, Happening.CONTRIBUTION_VOID, listed_ids, now=now)


def _standing_contributions(session: Session) -> Sequence[int]:
    """What the chosen matches received and nobody has voided since."""
    of_match = and_(
        Contribution.origin == Origin.DEPOSIT,
        Contribution.cause_id == UNDOING.c.match_id,
        UNDOING.c.target == Target.PLEDGE.value,
    )
    return session.scalars(
        select(Contribution.id)
        .join(UNDOING, of_match)
        .outerjoin(ContributionReversal, ContributionReversal.contribution_id == Contribution.id)
        .where(ContributionReversal.id.is_(None))
        .order_by(Contribution.id)
    ).all()
