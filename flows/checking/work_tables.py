"""Proofs that the work tables of the reconciliation say what the facts say.

They could be rebuilt from the facts at any time, so a disagreement is no loss; but a run works with
them, and what it does not see it does not explain.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Exists, Select, and_, exists, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.words import _
from donations.models.contribution import Contribution, ContributionLine, Tender
from donations.models.desk import DepositSlip
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Channel, ItemKind, ItemState, Pledge, PledgeItem
from donations.models.refund import Ending, RefundEnd, RefundRequest, Way
from donations.slips import slip_stands
from flows.checking.exact import exact_sum
from flows.checking.gifts import contribution_stands
from flows.checking.refunds import came_rial
from flows.checking.statements import is_explained, line_stands, match_stands
from reconciliation.expected import (
    ExpectedDeposit,
    ExpectedRefund,
    ExpectedTerminalMoney,
    Expects,
    MoneySource,
    OpenDepositLine,
    OpenFeeLine,
    OpenLine,
    OpenReferenceLine,
    OpenSettlementLine,
)
from reconciliation.lines import StatementLine
from reconciliation.locks import is_locked
from reconciliation.matches import SettlementItem, Target, has_target
from reconciliation.worktables import is_our_deposit_id

_KEYED = (OpenDepositLine, OpenReferenceLine, OpenSettlementLine, OpenFeeLine)


def disagreements(session: Session) -> Iterator[str]:
    """Everything in which a work table differs from the facts."""
    for line_id in session.scalars(_lines_that_should_be_open()):
        yield _("statement line {id} is open and not in the work tables").format(id=line_id)
    for line_id in session.scalars(_lines_that_should_be_closed()):
        yield _("statement line {id} is in the work tables and not open").format(id=line_id)
    for payment_id in session.scalars(_payments_not_awaited()):
        yield _("the settlement of payment {id} is not awaited").format(id=payment_id)
    for contribution_id in session.scalars(_cards_not_awaited()):
        yield _("the settlement of card contribution {id} is not awaited").format(
            id=contribution_id
        )
    for source, source_id in session.execute(_awaited_in_vain()):
        yield _("money of {source} {id} is awaited in vain").format(source=source, id=source_id)
    for request_id in session.scalars(_refunds_not_awaited()):
        yield _("the debit of refund request {id} is not awaited").format(id=request_id)
    for request_id in session.scalars(_refunds_awaited_in_vain()):
        yield _("the debit of refund request {id} is awaited in vain").format(id=request_id)
    for deposit_id in session.scalars(_deposits_awaited_in_vain()):
        yield _("a deposit with id {id} is awaited in vain").format(id=deposit_id)
    for deposit_id in session.scalars(_deposits_not_awaited()):
        yield _("a deposit with id {id} is not awaited").format(id=deposit_id)


def _lines_that_should_be_open() -> Select[int]:
    awaited = exists().where(
        OpenLine.line_id == StatementLine.id,
        OpenLine.bank_account_id == StatementLine.bank_account_id,
        OpenLine.booked_on == StatementLine.booked_on,
        OpenLine.amount_rial == StatementLine.amount_rial,
    )
    by_deposit_id = exists().where(
        OpenDepositLine.deposit_id == StatementLine.deposit_id,
        OpenDepositLine.amount_rial == StatementLine.amount_rial,
        OpenDepositLine.line_id == StatementLine.id,
    )
    has_our_id = and_(StatementLine.amount_rial > 0, is_our_deposit_id(StatementLine.deposit_id))
    return (
        select(StatementLine.id)
        .where(
            line_stands(),
            ~is_explained(),
            or_(~awaited, and_(has_our_id, ~is_locked(), ~by_deposit_id)),
        )
        .order_by(StatementLine.id)
    )


def _lines_that_should_be_closed() -> Select[int]:
    """Lines in any work table that are explained or undone, or not there at all.

    Those of signed days are for people alone: they stand in the table of all open lines only.
    """
    stands = and_(line_stands(), ~is_explained())
    opened = select(StatementLine.id).where(stands)
    ruled = select(StatementLine.id).where(stands, ~is_locked())
    listed = select(OpenLine.line_id).where(OpenLine.line_id.not_in(opened))
    keyed = (select(key.line_id).where(key.line_id.not_in(ruled)) for key in _KEYED)
    wrong = listed.union(*keyed).subquery()
    return select(wrong.c.line_id).order_by(wrong.c.line_id)


def _payments_not_awaited() -> Select[int]:
    return (
        select(Payment.id)
        .where(
            Payment.final_at.is_not(None),
            Payment.state != PaymentState.REVERSED,
            ~_is_paid_out(MoneySource.PAYMENT, Payment.id),
            ~exists().where(
                ExpectedTerminalMoney.source == MoneySource.PAYMENT,
                ExpectedTerminalMoney.source_id == Payment.id,
                ExpectedTerminalMoney.amount_rial == came_rial(),
            ),
        )
        .order_by(Payment.id)
    )


def _cards_not_awaited() -> Select[int]:
    return (
        select(Contribution.id)
        .where(
            Contribution.tender == Tender.CARD_TERMINAL,
            contribution_stands(),
            ~_is_paid_out(MoneySource.CONTRIBUTION, Contribution.id),
            ~exists().where(
                ExpectedTerminalMoney.source == MoneySource.CONTRIBUTION,
                ExpectedTerminalMoney.source_id == Contribution.id,
                ExpectedTerminalMoney.amount_rial
                == select(func.sum(ContributionLine.amount_rial))
                .where(ContributionLine.contribution_id == Contribution.id)
                .correlate(Contribution)
                .scalar_subquery(),
            ),
        )
        .order_by(Contribution.id)
    )


def _awaited_in_vain() -> Select[str, int]:
    """Terminal money that was paid out already, is no longer ours, or never was."""
    awaited = ExpectedTerminalMoney
    of_payment = exists().where(
        awaited.source == MoneySource.PAYMENT,
        Payment.id == awaited.source_id,
        Payment.final_at.is_not(None),
        Payment.state != PaymentState.REVERSED,  # a refunded one is paid out all the same
        ~_is_paid_out(MoneySource.PAYMENT, Payment.id),
    )
    of_card = exists().where(
        awaited.source == MoneySource.CONTRIBUTION,
        Contribution.id == awaited.source_id,
        Contribution.tender == Tender.CARD_TERMINAL,
        contribution_stands(),
        ~_is_paid_out(MoneySource.CONTRIBUTION, Contribution.id),
    )
    return (
        select(awaited.source, awaited.source_id)
        .where(~of_payment, ~of_card)
        .order_by(awaited.source, awaited.source_id)
    )


def _refunds_not_awaited() -> Select[int]:
    awaited = exists().where(
        ExpectedRefund.request_id == RefundRequest.id,
        ExpectedRefund.amount_rial == RefundRequest.amount_rial,
    )
    return (
        select(RefundRequest.id)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(*_is_to_be_debited(), ~awaited)
        .order_by(RefundRequest.id)
    )


def _refunds_awaited_in_vain() -> Select[int]:
    to_come = exists().where(
        RefundRequest.id == ExpectedRefund.request_id,
        RefundEnd.request_id == RefundRequest.id,
        *_is_to_be_debited(),
    )
    return select(ExpectedRefund.request_id).where(~to_come).order_by(ExpectedRefund.request_id)


def _is_to_be_debited() -> tuple[ColumnElement[bool], ...]:
    """Whether money was sent back whose debit no match that stands has found."""
    return (
        RefundEnd.ending == Ending.DONE,
        RefundRequest.way != Way.REVERSE,
        ~_has_match(Target.REFUND, RefundRequest.id),
    )


def _deposits_awaited_in_vain() -> Select[str]:
    """Deposits of pledges that promise no such cash any more, and of slips arrived or voided."""
    awaited = ExpectedDeposit
    of_pledge = exists().where(
        awaited.expects == Expects.PLEDGE,
        Pledge.id == awaited.target_id,
        Pledge.deposit_id == awaited.deposit_id,
        _promised_rial() == awaited.amount_rial,
    )
    of_slip = exists().where(
        awaited.expects == Expects.DEPOSIT_SLIP,
        DepositSlip.id == awaited.target_id,
        DepositSlip.deposit_id == awaited.deposit_id,
        DepositSlip.amount_rial == awaited.amount_rial,
        slip_stands(),
        ~_has_match(Target.DEPOSIT_SLIP, DepositSlip.id),
    )
    return select(awaited.deposit_id).where(~of_pledge, ~of_slip).order_by(awaited.deposit_id)


def _deposits_not_awaited() -> Select[str]:
    """Pledges of which nothing was received yet, and slips whose cash has not arrived.

    What a desk promises is received in the same moment; a reversed gift is for a person to pursue.
    """
    pledges = select(Pledge.deposit_id).where(
        Pledge.channel != Channel.DESK,
        _promised_rial() > 0,
        ~exists().where(Contribution.pledge_id == Pledge.id),
        ~exists().where(
            ExpectedDeposit.deposit_id == Pledge.deposit_id,
            ExpectedDeposit.expects == Expects.PLEDGE,
            ExpectedDeposit.target_id == Pledge.id,
        ),
    )
    slips = select(DepositSlip.deposit_id).where(
        slip_stands(),
        ~_has_match(Target.DEPOSIT_SLIP, DepositSlip.id),
        ~exists().where(
            ExpectedDeposit.deposit_id == DepositSlip.deposit_id,
            ExpectedDeposit.expects == Expects.DEPOSIT_SLIP,
            ExpectedDeposit.target_id == DepositSlip.id,
        ),
    )
    return pledges.union_all(slips).order_by("deposit_id")  # type: ignore[return-value]


def _promised_rial() -> ColumnElement[int]:
    return (
        select(exact_sum(PledgeItem.amount_rial))
        .where(
            PledgeItem.pledge_id == Pledge.id,
            PledgeItem.kind == ItemKind.CASH,
            PledgeItem.state == ItemState.PROMISED,
        )
        .correlate(Pledge)
        .scalar_subquery()
    )


def _is_paid_out(source: MoneySource, source_id: InstrumentedAttribute[int]) -> Exists:
    """Whether a match that stands explains the money of a terminal, within a settlement."""
    return exists().where(
        SettlementItem.source == literal(source.value),
        SettlementItem.source_id == source_id,
        has_target(Target.SETTLEMENT, SettlementItem.settlement_id),
        match_stands(),
    )


def _has_match(target: Target, target_id: InstrumentedAttribute[int]) -> Exists:
    return exists().where(has_target(target, target_id), match_stands())
