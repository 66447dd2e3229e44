"""Making the work tables of the reconciliation anew from the facts."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, selectinload

from core.clock import minute_of_day, tehran_date
from core.database import Base
from donations.models.contribution import Contribution, Tender
from donations.models.desk import DepositSlip
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Pledge
from donations.models.refund import RefundRequest
from donations.paying import pay_out_moment
from flows.checking.gifts import contribution_stands
from flows.checking.refunds import came_rial
from flows.checking.statements import match_stands
from ledger.terminals import Terminal
from reconciliation.expected import (
    ExpectedDeposit,
    ExpectedRefund,
    ExpectedTerminalMoney,
    LineClaim,
    MoneySource,
    expect_chosen_pledges,
    expect_chosen_slips,
    expect_refunds,
    expect_terminal_money,
)
from reconciliation.matches import SettlementItem, Target, has_target
from reconciliation.worktables import WORK_TABLES, rebuild

_TABLES: tuple[type[Base], ...] = (
    *WORK_TABLES,
    LineClaim,
    ExpectedDeposit,
    ExpectedRefund,
    ExpectedTerminalMoney,
)


def rebuild_work_tables(session: Session) -> Mapping[str, int]:
    """Write every work table anew; how many rows each has now.

    Gifts, runs and imports wait until it is done.
    """
    if session.connection().dialect.name == "postgresql":
        names = ", ".join(model.__tablename__ for model in _TABLES)
        session.connection().exec_driver_sql(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    rebuild(session)
    session.execute(delete(ExpectedDeposit))
    expect_chosen_pledges(session, select(Pledge.id))
    expect_chosen_slips(session, _slips_under_way())
    session.execute(delete(ExpectedTerminalMoney))
    _expect_payments(session)
    _expect_cards(session)
    session.execute(delete(ExpectedRefund))
    expect_refunds(session, _refunds_to_be_debited())
    return {
        model.__tablename__: session.scalars(select(func.count()).select_from(model)).one()
        for model in _TABLES
    }


def _slips_under_way() -> Select[int]:
    arrived = exists().where(has_target(Target.DEPOSIT_SLIP, DepositSlip.id), match_stands())
    return select(DepositSlip.id).where(~arrived)


def _refunds_to_be_debited() -> Select[int]:
    seen = exists().where(has_target(Target.REFUND, RefundRequest.id), match_stands())
    return select(RefundRequest.id).where(~seen)


def _expect_payments(session: Session) -> None:
    payments = session.execute(
        select(Payment, Terminal.id, came_rial())
        .join(Terminal, Terminal.name == Payment.gateway)
        .where(
            Payment.final_at.is_not(None),
            Payment.state != PaymentState.REVERSED,
            ~_is_paid_out(MoneySource.PAYMENT, Payment.id),
        )
        .order_by(Payment.id)
    ).all()
    for payment, terminal_id, amount_rial in payments:
        final_at = payment.final_at or payment.changed_at  # the query chose final ones
        taken_at = pay_out_moment(session, payment, now=final_at)
        expect_terminal_money(
            session,
            terminal_id,
            tehran_date(taken_at),
            MoneySource.PAYMENT,
            payment.id,
            amount_rial=amount_rial,
            reference=payment.trace_number or payment.bank_reference,
            taken_minute=minute_of_day(taken_at),
        )


def _expect_cards(session: Session) -> None:
    cards = session.execute(
        select(Contribution, Terminal.id)
        .join(Terminal, Terminal.name == Contribution.terminal)
        .options(selectinload(Contribution.lines))
        .where(
            Contribution.tender == Tender.CARD_TERMINAL,
            contribution_stands(),
            ~_is_paid_out(MoneySource.CONTRIBUTION, Contribution.id),
        )
        .order_by(Contribution.id)
    ).all()
    for contribution, terminal_id in cards:
        expect_terminal_money(
            session,
            terminal_id,
            tehran_date(contribution.recorded_at),
            MoneySource.CONTRIBUTION,
            contribution.id,
            amount_rial=sum(line.amount_rial or 0 for line in contribution.lines),
            reference=contribution.trace_number,
            taken_minute=minute_of_day(contribution.recorded_at),
        )


def _is_paid_out(source: MoneySource, source_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether a settlement whose match stands holds this money."""
    return exists().where(
        SettlementItem.source == source.value,
        SettlementItem.source_id == source_id,
        has_target(Target.SETTLEMENT, SettlementItem.settlement_id),
        match_stands(),
    )
