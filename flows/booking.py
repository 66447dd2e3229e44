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

from core.clock import tehran_date
from core.database import Id
from core.events import Happening
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.desk import DepositSlip
from donations.models.fund import Fund
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from flows.booking_differences import difference_legs
from flows.booking_pairs import transfer_legs
from flows.events import emit_many
from ledger.accounts import AccountKind, LedgerAccount, account_code, account_ids
from ledger.postings import Cause, Posting
from ledger.setwise import account_id, post_numbered
from ledger.terminals import Terminal
from offices.places import Office
from receipts.life.issuing import issue_receipts
from reconciliation.found import (
    BOOKED,
    BOOKED_ITEM,
    FOUND,
    LostRace,
    analysed,
    emptied,
    in_order_locked,
    next_id,
    rows_of,
)
from reconciliation.lines import StatementLine
from reconciliation.locks import is_locked
from reconciliation.matches import Settlement, Target

_line = StatementLine


def drop_unpromised(session: Session) -> None:
    """Leave pledges out whose open cash items do not make the expected amount any more.

    Their rows are locked first, so that a payment that arrives at the same moment waits for us.
    """
    pledges = select(FOUND.c.target_id).where(FOUND.c.target == Target.PLEDGE.value)
    if session.connection().dialect.name == "postgresql":
        session.execute(in_order_locked(Pledge.id, pledges))
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
    _read_as_it_costs(session)
    _take_ids(session, now=now)
    targets = set(session.scalars(select(BOOKED.c.target).distinct()))
    if Target.PLEDGE.value in targets:
        _receive_deposits(session, recorded_by_id=recorded_by_id, now=now)
    if Target.SETTLEMENT.value in targets:
        _book_settlements(session, now=now)
    if Target.DEPOSIT_SLIP.value in targets:
        _book_slips(session, now=now)
    if Target.REFUND.value in targets:
        _book_refunds(session, now=now)
    if Target.BANK_FEE.value in targets:
        _book_fees(session, now=now)
    if Target.TRANSFER.value in targets:
        _book_transfers(session, now=now)


def _read_as_it_costs(session: Session) -> None:
    """Let PostgreSQL choose again: it has been kept from reading whole tables, also short ones.

    What a slice brings stands in temporary tables without the indexes that every join would need.
    """
    if session.connection().dialect.name == "postgresql":
        session.connection().exec_driver_sql("SET LOCAL enable_seqscan = on")


def _take_ids(session: Session, *, now: datetime) -> None:
    """Number everything that the slice is going to write, and say on which day of our books.

    That is the line's day, or today where the day is signed. It is asked only now, when the lines
    are closed and nobody can sign their day beside us.
    """
    emptied(session, BOOKED)
    session.execute(
        insert(BOOKED).from_select(
            list(BOOKED.c.keys()),
            select(
                FOUND.c.match_id,
                next_id(session, Posting),
                next_id(session, Contribution),
                FOUND.c.target,
                FOUND.c.target_id,
                FOUND.c.amount_rial,
                FOUND.c.booked_on,
                case((is_locked(), literal(tehran_date(now))), else_=FOUND.c.booked_on),
                _line.reference,
                LedgerAccount.id,
            )
            .join_from(FOUND, _line, _line.id == FOUND.c.line_id)
            .join(
                LedgerAccount,
                and_(
                    LedgerAccount.kind == AccountKind.SUSPENSE,
                    LedgerAccount.bank_account_id == _line.bank_account_id,
                ),
            )
            .where(FOUND.c.is_principal),
        )
    )
    analysed(session, BOOKED)


def _receive_deposits(session: Session, *, recorded_by_id: int | None, now: datetime) -> None:
    """Record the contributions of identified deposits, with everything that goes with one."""
    session.execute(
        insert(Contribution).from_select(
            [
                "id", "pledge_id", "office_id", "origin", "cause_id", "tender", "trace_number",
                "received_on", "recorded_at", "recorded_by_id",
            ],
            select(
                BOOKED.c.contribution_id,
                BOOKED.c.target_id,
                Pledge.office_id,
                literal(Origin.DEPOSIT, Contribution.origin.type),
                BOOKED.c.match_id,
                literal(Tender.TRANSFER, Contribution.tender.type),
                BOOKED.c.reference,
                BOOKED.c.booked_on,
                literal(now, Contribution.recorded_at.type),
                literal(recorded_by_id, Id),
            )
            .join_from(BOOKED, Pledge, Pledge.id == BOOKED.c.target_id)
            .where(_is(Target.PLEDGE)),
        )
    )  # fmt: skip
    _receive_items(session)
    _book_contributions(session, now=now)
    ids = select(BOOKED.c.contribution_id).where(_is(Target.PLEDGE))
    issue_receipts(session, ids, now=now)
    emit_many(session, Happening.CONTRIBUTION_RECEIVED, ids, now=now)


def _receive_items(session: Session) -> None:
    """Every open cash item of the pledges becomes a line, and is received."""
    emptied(session, BOOKED_ITEM)
    # By hand, a pledge of one item may be paid with another amount than promised.
    is_alone = func.count().over(partition_by=BOOKED.c.contribution_id) == 1
    written = rows_of(
        session,
        insert(BOOKED_ITEM).from_select(
            list(BOOKED_ITEM.c.keys()),
            select(
                PledgeItem.id,
                BOOKED.c.contribution_id,
                BOOKED.c.posting_id,
                PledgeItem.fund_id,
                case((is_alone, BOOKED.c.amount_rial), else_=PledgeItem.amount_rial),
            )
            .join_from(BOOKED, PledgeItem, PledgeItem.pledge_id == BOOKED.c.target_id)
            .where(_is(Target.PLEDGE), _is_open_cash()),
        ),
    )
    analysed(session, BOOKED_ITEM)
    session.execute(
        insert(ContributionLine).from_select(
            ["contribution_id", "pledge_item_id", "kind", "fund_id", "amount_rial"],
            select(
                BOOKED_ITEM.c.contribution_id,
                BOOKED_ITEM.c.pledge_item_id,
                literal(ItemKind.CASH, ContributionLine.kind.type),
                BOOKED_ITEM.c.fund_id,
                BOOKED_ITEM.c.amount_rial,
            ).order_by(BOOKED_ITEM.c.contribution_id, BOOKED_ITEM.c.pledge_item_id),
        )
    )
    received = rows_of(
        session,
        update(PledgeItem)
        .where(
            PledgeItem.id.in_(select(BOOKED_ITEM.c.pledge_item_id)),
            PledgeItem.state == ItemState.PROMISED,
        )
        .values(state=ItemState.RECEIVED),
    )
    if received != written:
        raise LostRace(f"{received} items received, {written} lines written")


def _book_contributions(session: Session, *, now: datetime) -> None:
    """Suspense / fund, by item."""
    funds = session.scalars(
        select(Fund.code).where(Fund.id.in_(select(BOOKED_ITEM.c.fund_id).distinct()))
    ).all()
    account_ids(session, {account_code(AccountKind.FUND, code) for code in funds})
    _refuse_unequal(session)
    to_fund = (
        select(BOOKED_ITEM.c.posting_id, LedgerAccount.id, -BOOKED_ITEM.c.amount_rial)
        .join_from(BOOKED_ITEM, Fund, Fund.id == BOOKED_ITEM.c.fund_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.FUND, Fund.code))
    )
    post_numbered(
        session,
        Cause.CONTRIBUTION,
        select(
            BOOKED.c.posting_id,
            BOOKED.c.contribution_id.label("cause_id"),
            BOOKED.c.posted_on.label("booked_on"),
        ).where(_is(Target.PLEDGE)),
        union_all(_from_suspense(BOOKED.c.amount_rial).where(_is(Target.PLEDGE)), to_fund),
        now=now,
    )


def _refuse_unequal(session: Session) -> None:
    """Raise LostRace where what came for a pledge is not what its items take."""
    moved = union_all(
        select(BOOKED.c.contribution_id, BOOKED.c.amount_rial).where(_is(Target.PLEDGE)),
        select(BOOKED_ITEM.c.contribution_id, -BOOKED_ITEM.c.amount_rial),
    ).subquery()
    unequal = (
        select(moved.c.contribution_id)
        .group_by(moved.c.contribution_id)
        .having(func.sum(moved.c.amount_rial) != 0)
    )
    if (contribution_id := session.scalars(unequal.limit(1)).first()) is not None:
        raise LostRace(f"contribution {contribution_id}: not the amount that its pledge promises")


def _book_settlements(session: Session, *, now: datetime) -> None:
    """Suspense / gateway, and fees / gateway for what was netted; differences beside them."""
    of_booked = and_(Settlement.id == BOOKED.c.target_id, _is(Target.SETTLEMENT))
    names = session.scalars(
        select(Terminal.name)
        .join_from(BOOKED, Settlement, of_booked)
        .join(Terminal, Terminal.id == Settlement.terminal_id)
        .distinct()
    ).all()
    account_ids(session, {account_code(AccountKind.GATEWAY, name) for name in names})
    fees = account_id(session, AccountKind.FEES)
    from_gateway = (
        select(BOOKED.c.posting_id, LedgerAccount.id, -Settlement.gross_rial)
        .join_from(BOOKED, Settlement, of_booked)
        .join(Terminal, Terminal.id == Settlement.terminal_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.GATEWAY, Terminal.name))
    )
    to_fees = select(BOOKED.c.posting_id, literal(fees, Id), Settlement.fee_rial).join_from(
        BOOKED, Settlement, of_booked
    )
    from_suspense = _from_suspense(Settlement.net_rial).join(Settlement, of_booked)
    legs = union_all(from_suspense, from_gateway, to_fees, *difference_legs(session))
    _post_matches(session, Target.SETTLEMENT, legs, now=now)


def _book_slips(session: Session, *, now: datetime) -> None:
    """Suspense / desk: the cash that a desk handed to the bank."""
    of_booked = and_(DepositSlip.id == BOOKED.c.target_id, _is(Target.DEPOSIT_SLIP))
    codes = session.scalars(
        select(Office.code)
        .join_from(BOOKED, DepositSlip, of_booked)
        .join(Office, Office.id == DepositSlip.office_id)
        .distinct()
    ).all()
    account_ids(session, {account_code(AccountKind.DESK, code) for code in codes})
    from_desk = (
        select(BOOKED.c.posting_id, LedgerAccount.id, -BOOKED.c.amount_rial)
        .join_from(BOOKED, DepositSlip, of_booked)
        .join(Office, Office.id == DepositSlip.office_id)
        .join(LedgerAccount, LedgerAccount.code == _coded(AccountKind.DESK, Office.code))
    )
    from_suspense = _from_suspense(BOOKED.c.amount_rial).where(_is(Target.DEPOSIT_SLIP))
    _post_matches(session, Target.DEPOSIT_SLIP, union_all(from_suspense, from_desk), now=now)


def _book_refunds(session: Session, *, now: datetime) -> None:
    """Refunds / suspense: what was sent back for us has left the account."""
    refunds = account_id(session, AccountKind.REFUNDS)
    to_refunds = select(BOOKED.c.posting_id, literal(refunds, Id), -BOOKED.c.amount_rial).where(
        _is(Target.REFUND)
    )
    from_suspense = _from_suspense(BOOKED.c.amount_rial).where(_is(Target.REFUND))
    _post_matches(session, Target.REFUND, union_all(from_suspense, to_refunds), now=now)


def _book_fees(session: Session, *, now: datetime) -> None:
    """Fees / suspense: what the bank took for itself."""
    fees = account_id(session, AccountKind.FEES)
    to_fees = select(BOOKED.c.posting_id, literal(fees, Id), -BOOKED.c.amount_rial).where(
        _is(Target.BANK_FEE)
    )
    from_suspense = _from_suspense(BOOKED.c.amount_rial).where(_is(Target.BANK_FEE))
    _post_matches(session, Target.BANK_FEE, union_all(from_suspense, to_fees), now=now)


def _book_transfers(session: Session, *, now: datetime) -> None:
    """What left one account of the register reached another; see ``flows.booking_pairs``."""
    from_suspense = _from_suspense(BOOKED.c.amount_rial).where(
        _is(Target.TRANSFER), BOOKED.c.amount_rial > 0
    )
    debit = BOOKED.alias()
    later = case(
        (debit.c.posted_on > BOOKED.c.posted_on, debit.c.posted_on), else_=BOOKED.c.posted_on
    )
    # Not before both sides are there: till then each stands in its own suspense.
    postings = (
        select(BOOKED.c.posting_id, BOOKED.c.match_id.label("cause_id"), later.label("booked_on"))
        .join_from(BOOKED, FOUND, FOUND.c.line_id == BOOKED.c.target_id)
        .join(debit, debit.c.match_id == FOUND.c.match_id)
        .where(_is(Target.TRANSFER), BOOKED.c.amount_rial > 0)
    )
    legs = union_all(from_suspense, transfer_legs())
    post_numbered(session, Cause.MATCH, postings, legs, now=now)


def _post_matches(session: Session, target: Target, legs: Any, *, now: datetime) -> None:
    postings = select(
        BOOKED.c.posting_id,
        BOOKED.c.match_id.label("cause_id"),
        BOOKED.c.posted_on.label("booked_on"),
    ).where(_is(target))
    post_numbered(session, Cause.MATCH, postings, legs, now=now)


def _from_suspense(amount_rial: Any) -> Select[*tuple[Any, ...]]:
    """The legs that take lines out of suspense again: a debit for a credit line."""
    return select(
        BOOKED.c.posting_id,
        BOOKED.c.suspense_id.label("account_id"),
        amount_rial.label("amount_rial"),
    )


def _is(target: Target) -> ColumnElement[bool]:
    return BOOKED.c.target == target.value


def _coded(kind: AccountKind, detail: Any) -> ColumnElement[str]:
    return literal(f"{kind}:") + detail  # type: ignore[no-any-return]


def _is_open_cash() -> ColumnElement[bool]:
    return and_(PledgeItem.kind == ItemKind.CASH, PledgeItem.state == ItemState.PROMISED)
