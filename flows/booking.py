"""Booking a slice of matches: contributions, postings, receipt numbers and jobs with the matches.

Everything is set-wise, in the transaction that writes the matches: either a line is explained and
booked, or it is open.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session

from core.database import Id
from core.events import Happening
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.desk import DepositSlip
from donations.models.fund import Fund
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from flows.events import emit_many
from ledger.accounts import AccountKind, LedgerAccount, account_code, account_ids
from ledger.postings import Cause
from ledger.setwise import account_id, post_each
from ledger.terminals import Terminal
from offices.places import Office
from receipts.issuing import issue_receipts
from reconciliation.found import FOUND, LostRace, rows_of
from reconciliation.lines import StatementLine
from reconciliation.matches import Settlement, Target

_line = StatementLine


def drop_unpromised(session: Session) -> None:
    """Leave pledges out whose open cash items do not make the expected amount any more.

    Their rows are locked first, so that a payment that arrives at the same moment waits for us.
    """
    pledges = select(FOUND.c.target_id).where(FOUND.c.target == Target.PLEDGE.value)
    if session.connection().dialect.name == "postgresql":
        session.execute(
            select(Pledge.id).where(Pledge.id.in_(pledges)).order_by(Pledge.id).with_for_update()
        )
    promised = (
        select(func.coalesce(func.sum(PledgeItem.amount_rial), 0))
        .where(PledgeItem.pledge_id == FOUND.c.target_id, _is_open_cash())
        .scalar_subquery()
    )
    session.execute(
        delete(FOUND).where(FOUND.c.target == Target.PLEDGE.value, FOUND.c.amount_rial != promised)
    )


def book_found(session: Session, *, recorded_by_id: int | None = None, now: datetime) -> None:
    """Book the found matches of this slice, whatever their targets are."""
    targets = set(session.scalars(select(FOUND.c.target).where(FOUND.c.is_principal).distinct()))
    if Target.PLEDGE.value in targets:
        _receive_deposits(session, recorded_by_id=recorded_by_id, now=now)
    if Target.SETTLEMENT.value in targets:
        _book_settlements(session, now=now)
    if Target.DEPOSIT_SLIP.value in targets:
        _book_slips(session, now=now)
    if Target.BANK_FEE.value in targets:
        _book_fees(session, now=now)


def _receive_deposits(session: Session, *, recorded_by_id: int | None, now: datetime) -> None:
    """Record the contributions of identified deposits, with everything that goes with one."""
    found = FOUND.c.target == Target.PLEDGE.value
    session.execute(
        insert(Contribution).from_select(
            [
                "pledge_id", "office_id", "origin", "cause_id", "tender", "trace_number",
                "received_on", "recorded_at", "recorded_by_id",
            ],
            select(
                FOUND.c.target_id,
                Pledge.office_id,
                literal(Origin.DEPOSIT, Contribution.origin.type),
                FOUND.c.match_id,
                literal(Tender.TRANSFER, Contribution.tender.type),
                _line.reference,
                FOUND.c.booked_on,
                literal(now, Contribution.recorded_at.type),
                literal(recorded_by_id, Id),
            )
            .join_from(FOUND, Pledge, Pledge.id == FOUND.c.target_id)
            .join(_line, _line.id == FOUND.c.line_id)
            .where(found)
            .order_by(FOUND.c.match_id),
        )
    )  # fmt: skip
    _receive_items(session)
    ids = session.scalars(
        select(Contribution.id).join_from(FOUND, Contribution, _is_mine()).order_by(Contribution.id)
    ).all()
    _book_contributions(session, now=now)
    issue_receipts(session, ids, now=now)
    emit_many(session, Happening.CONTRIBUTION_RECEIVED, ids, now=now)


def _receive_items(session: Session) -> None:
    """Every open cash item of the pledges becomes a line, and is received."""
    # By hand, a pledge of one item may be paid with another amount than promised.
    is_alone = func.count().over(partition_by=Contribution.id) == 1
    written = rows_of(
        session,
        insert(ContributionLine).from_select(
            ["contribution_id", "pledge_item_id", "kind", "fund_id", "amount_rial"],
            select(
                Contribution.id,
                PledgeItem.id,
                PledgeItem.kind,
                PledgeItem.fund_id,
                case((is_alone, FOUND.c.amount_rial), else_=PledgeItem.amount_rial),
            )
            .join_from(FOUND, Contribution, _is_mine())
            .join(PledgeItem, PledgeItem.pledge_id == FOUND.c.target_id)
            .where(_is_open_cash()),
        ),
    )
    taken = (
        select(ContributionLine.pledge_item_id)
        .join_from(FOUND, Contribution, _is_mine())
        .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
    )
    received = rows_of(
        session,
        update(PledgeItem)
        .where(PledgeItem.id.in_(taken), PledgeItem.state == ItemState.PROMISED)
        .values(state=ItemState.RECEIVED),
    )
    if received != written:
        raise LostRace(f"{received} items received, {written} lines written")


def _book_contributions(session: Session, *, now: datetime) -> None:
    """Suspense / fund, by item."""
    line = ContributionLine
    mine = select(FOUND).join_from(FOUND, Contribution, _is_mine())
    funds = session.scalars(
        select(Fund.code).where(
            Fund.id.in_(
                select(line.fund_id)
                .join_from(FOUND, Contribution, _is_mine())
                .join(line, line.contribution_id == Contribution.id)
            )
        )
    ).all()
    account_ids(session, {account_code(AccountKind.FUND, code) for code in funds})
    to_fund = (
        select(
            Contribution.id.label("cause_id"),
            LedgerAccount.id.label("account_id"),
            (-line.amount_rial).label("amount_rial"),
        )
        .join_from(FOUND, Contribution, _is_mine())
        .join(line, line.contribution_id == Contribution.id)
        .join(Fund, Fund.id == line.fund_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.FUND, Fund.code))
    )
    from_suspense = _from_suspense(Contribution.id, FOUND.c.amount_rial).join(
        Contribution, _is_mine()
    )
    _refuse_unequal(session, mine.subquery(), to_fund.subquery())
    post_each(
        session,
        Cause.CONTRIBUTION,
        select(Contribution.id.label("cause_id"), FOUND.c.booked_on).join_from(
            FOUND, Contribution, _is_mine()
        ),
        union_all(from_suspense, to_fund),
        now=now,
    )


def _refuse_unequal(session: Session, found: Any, to_fund: Any) -> None:
    came = session.execute(select(func.sum(found.c.amount_rial))).scalar_one()
    entrusted = session.execute(select(func.sum(to_fund.c.amount_rial))).scalar_one()
    if came != -entrusted:
        raise LostRace(f"{came} rials came, {-entrusted} were promised")


def _book_settlements(session: Session, *, now: datetime) -> None:
    """Suspense / gateway, and fees / gateway for what was netted."""
    principal = and_(FOUND.c.target == Target.SETTLEMENT.value, FOUND.c.is_principal)
    of_found = Settlement.id == FOUND.c.target_id
    names = session.scalars(
        select(Terminal.name)
        .join(Settlement, Settlement.terminal_id == Terminal.id)
        .join(FOUND, and_(of_found, principal))
        .distinct()
    ).all()
    account_ids(session, {account_code(AccountKind.GATEWAY, name) for name in names})
    fees = account_id(session, AccountKind.FEES)
    from_gateway = (
        select(
            FOUND.c.match_id,
            LedgerAccount.id,
            -Settlement.gross_rial,
        )
        .join_from(FOUND, Settlement, of_found)
        .join(Terminal, Terminal.id == Settlement.terminal_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.GATEWAY, Terminal.name))
        .where(principal)
    )
    to_fees = (
        select(FOUND.c.match_id, literal(fees, Id), Settlement.fee_rial)
        .join_from(FOUND, Settlement, of_found)
        .where(principal)
    )
    from_suspense = (
        _from_suspense(FOUND.c.match_id, Settlement.net_rial)
        .join(Settlement, of_found)
        .where(principal)
    )
    _post_matches(session, principal, union_all(from_suspense, from_gateway, to_fees), now=now)


def _book_slips(session: Session, *, now: datetime) -> None:
    """Suspense / desk: the cash that a desk handed to the bank."""
    slips = FOUND.c.target == Target.DEPOSIT_SLIP.value
    of_found = DepositSlip.id == FOUND.c.target_id
    codes = session.scalars(
        select(Office.code)
        .join(DepositSlip, DepositSlip.office_id == Office.id)
        .join(FOUND, and_(of_found, slips))
        .distinct()
    ).all()
    account_ids(session, {account_code(AccountKind.DESK, code) for code in codes})
    from_desk = (
        select(FOUND.c.match_id, LedgerAccount.id, -FOUND.c.amount_rial)
        .join_from(FOUND, DepositSlip, of_found)
        .join(Office, Office.id == DepositSlip.office_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.DESK, Office.code))
        .where(slips)
    )
    from_suspense = _from_suspense(FOUND.c.match_id, FOUND.c.amount_rial).where(slips)
    _post_matches(session, slips, union_all(from_suspense, from_desk), now=now)


def _book_fees(session: Session, *, now: datetime) -> None:
    """Fees / suspense: what the bank took for itself."""
    own_fees = and_(FOUND.c.target == Target.BANK_FEE.value, FOUND.c.is_principal)
    fees = account_id(session, AccountKind.FEES)
    to_fees = select(FOUND.c.match_id, literal(fees, Id), -FOUND.c.amount_rial).where(own_fees)
    from_suspense = _from_suspense(FOUND.c.match_id, FOUND.c.amount_rial).where(own_fees)
    _post_matches(session, own_fees, union_all(from_suspense, to_fees), now=now)


def _post_matches(
    session: Session, chosen: ColumnElement[bool], legs: Any, *, now: datetime
) -> None:
    causes = select(FOUND.c.match_id.label("cause_id"), FOUND.c.booked_on).where(chosen)
    post_each(session, Cause.MATCH, causes, legs, now=now)


def _from_suspense(cause_id: Any, amount_rial: Any) -> Select[*tuple[Any, ...]]:
    """The legs that take lines out of suspense again: a debit for a credit line."""
    return (
        select(
            cause_id.label("cause_id"),
            LedgerAccount.id.label("account_id"),
            amount_rial.label("amount_rial"),
        )
        .select_from(FOUND)
        .join(_line, _line.id == FOUND.c.line_id)
        .join(
            LedgerAccount,
            and_(
                LedgerAccount.kind == AccountKind.SUSPENSE,
                LedgerAccount.bank_account_id == _line.bank_account_id,
            ),
        )
    )


def _coded(kind: AccountKind, detail: Any) -> ColumnElement[str]:
    return literal(f"{kind}:") + detail  # type: ignore[no-any-return]


def _is_mine() -> ColumnElement[bool]:
    """The contribution that a found match led to."""
    return and_(
        Contribution.origin == Origin.DEPOSIT,
        Contribution.cause_id == FOUND.c.match_id,
        FOUND.c.target == Target.PLEDGE.value,
    )


def _is_open_cash() -> ColumnElement[bool]:
    return and_(PledgeItem.kind == ItemKind.CASH, PledgeItem.state == ItemState.PROMISED)
