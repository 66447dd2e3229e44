"""The usual shape of a reconciliation: a query and some objects for each line.

For one rule, the deposit id: matching alone or with everything that follows, and with one commit at
the end or one for each line.
"""

import time
from contextlib import nullcontext
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import Database
from core.events import Event, Happening
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.pledge import ItemState, Pledge
from flows.events import emit
from ledger.postings import Cause, Leg, post
from receipts.life.issuing import issue_receipt
from reconciliation.expected import ExpectedDeposit, LineClaim, OpenDepositLine, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule, Target

LOOP_LINES = 300
_NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def line_by_line(database: Database, *, is_whole: bool, commits_each: bool) -> float:
    """Explain some lines one after the other; lines a second."""
    with database.reading() as session:
        line_ids = session.scalars(
            select(OpenDepositLine.line_id)
            .join(ExpectedDeposit, ExpectedDeposit.deposit_id == OpenDepositLine.deposit_id)
            .where(ExpectedDeposit.amount_rial == OpenDepositLine.amount_rial)
            .limit(LOOP_LINES)
        ).all()
    started = time.perf_counter()
    with nullcontext() if commits_each else database.writing() as whole:
        for line_id in line_ids:
            with database.writing() if whole is None else nullcontext(whole) as session:
                _explain_one(session, session.get_one(StatementLine, line_id), is_whole=is_whole)
    return len(line_ids) / (time.perf_counter() - started)


def _explain_one(session: Session, line: StatementLine, *, is_whole: bool) -> None:
    expected = session.scalars(
        select(ExpectedDeposit).where(
            ExpectedDeposit.deposit_id == line.deposit_id,
            ExpectedDeposit.amount_rial == line.amount_rial,
        )
    ).first()
    if expected is None:
        return
    match = Match(
        line_id=line.id, rule=Rule.DEPOSIT_ID, target=Target.PLEDGE,
        target_id=expected.target_id, amount_rial=line.amount_rial, made_at=_NOW,
    )  # fmt: skip
    session.add_all((match, LineClaim(line_id=line.id)))
    session.delete(expected)
    session.delete(session.get_one(OpenLine, line.id))
    session.flush()
    if is_whole:
        _book_one(session, line, match)


def _book_one(session: Session, line: StatementLine, match: Match) -> None:
    pledge = session.get_one(Pledge, match.target_id)
    contribution = Contribution(
        pledge_id=pledge.id, office_id=pledge.office_id, origin=Origin.DEPOSIT, cause_id=match.id,
        tender=Tender.TRANSFER, received_on=line.booked_on, recorded_at=_NOW,
    )  # fmt: skip
    for item in pledge.items:
        contribution.lines.append(
            ContributionLine(
                pledge_item_id=item.id,
                kind=item.kind,
                fund_id=item.fund_id,
                amount_rial=item.amount_rial,
            )
        )
        item.state = ItemState.RECEIVED
    session.add(contribution)
    session.flush()
    legs = [Leg("suspense:90190", line.amount_rial)]
    legs += [Leg(f"fund:{item.fund.code}", -(item.amount_rial or 0)) for item in pledge.items]
    post(session, Cause.CONTRIBUTION, contribution.id, legs, booked_on=line.booked_on, now=_NOW)
    issue_receipt(session, contribution.id, now=_NOW)
    emit(session, Event(Happening.CONTRIBUTION_RECEIVED, contribution.id), now=_NOW)
