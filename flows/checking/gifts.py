"""Proofs between contributions, payments, receipts and the books."""

from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from core.database import sum_rial
from core.words import _
from donations.models.contribution import (
    Contribution,
    ContributionLine,
    ContributionReversal,
    Origin,
)
from donations.models.fund import Fund
from donations.models.payment import Payment, PaymentState
from flows.checking.exact import exact_sum
from ledger.accounts import AccountKind, LedgerAccount, account_code
from ledger.postings import Cause, Entry, Posting, balance_rial
from receipts.life.series import Receipt, ReceiptVoid

# What leaves a fund is not a gift to it.
_OUTGOING = (Cause.WITHDRAWAL,)
GONE = (PaymentState.REVERSED, PaymentState.REFUNDED)


def contribution_stands() -> ColumnElement[bool]:
    """Whether a contribution has not been reversed."""
    return ~(
        exists()
        .where(ContributionReversal.contribution_id == Contribution.id)
        .correlate(Contribution)
    )


def fund_differences(session: Session) -> Iterator[str]:
    """Funds whose standing contributions differ from what was credited to them."""
    given, credited = _given_by_fund(session), _credited_by_fund(session)
    for code in sorted(given.keys() | credited.keys()):
        if given.get(code, 0) != credited.get(code, 0):
            yield _("fund {fund}: contributions {given} rials, credits {credited}").format(
                fund=code, given=given.get(code, 0), credited=credited.get(code, 0)
            )


def surplus_differences(session: Session) -> Iterator[str]:
    """Surplus that is in the account and not among the payments, or the other way round."""
    held_rial = -balance_rial(session, account_code(AccountKind.SURPLUS))
    paid_rial = session.scalars(
        select(sum_rial(Payment.amount_rial)).where(
            Payment.is_surplus, Payment.final_at.is_not(None), Payment.state.not_in(GONE)
        )
    ).one()
    if held_rial != paid_rial:
        yield _("surplus payments sum to {paid} rials, the account holds {held}").format(
            paid=paid_rial, held=held_rial
        )


def payments_not_recorded(session: Session) -> Iterator[str]:
    """Final payments without their contribution or another amount in it, and the reverse."""
    received = (
        select(Contribution.cause_id, exact_sum(ContributionLine.amount_rial).label("rial"))
        .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
        .where(Contribution.origin == Origin.GATEWAY)
        .group_by(Contribution.cause_id)
        .subquery()
    )
    is_gift = and_(Payment.final_at.is_not(None), ~Payment.is_surplus)
    for payment_id in session.scalars(
        select(Payment.id)
        .outerjoin(received, received.c.cause_id == Payment.id)
        .where(
            or_(
                and_(is_gift, received.c.cause_id.is_(None)),
                and_(~is_gift, received.c.cause_id.is_not(None)),
                received.c.rial != Payment.amount_rial,
            )
        )
        .order_by(Payment.id)
    ):
        yield _("payment {id} and what was received for it differ").format(id=payment_id)
    of_nothing = select(Contribution.id).where(
        Contribution.origin == Origin.GATEWAY,
        ~exists().where(Payment.id == Contribution.cause_id),
    )
    for contribution_id in session.scalars(of_nothing.order_by(Contribution.id)):
        yield _("contribution {id} is of a payment that is not there").format(id=contribution_id)


def wrong_receipts(session: Session) -> Iterator[str]:
    """Contributions without a receipt, another amount on it, or only one of the two void."""
    cash = (
        select(
            ContributionLine.contribution_id,
            exact_sum(ContributionLine.amount_rial).label("rial"),
        )
        .group_by(ContributionLine.contribution_id)
        .subquery()
    )
    is_void = exists().where(ReceiptVoid.receipt_id == Receipt.id).correlate(Receipt)
    wrong = (
        select(Contribution.id)
        .outerjoin(Receipt, and_(Receipt.contribution_id == Contribution.id, Receipt.is_latest()))
        .outerjoin(cash, cash.c.contribution_id == Contribution.id)
        .where(
            or_(
                Receipt.id.is_(None),
                func.coalesce(Receipt.amount_rial, 0) != func.coalesce(cash.c.rial, 0),
                case((is_void, 1), else_=0) == case((contribution_stands(), 1), else_=0),
            )
        )
        .order_by(Contribution.id)
    )
    for contribution_id in session.scalars(wrong):
        yield _("contribution {id} and its receipt differ").format(id=contribution_id)


def _given_by_fund(session: Session) -> Mapping[str, int]:
    return dict(
        session.execute(
            select(Fund.code, sum_rial(ContributionLine.amount_rial))
            .join(ContributionLine, ContributionLine.fund_id == Fund.id)
            .join(Contribution, Contribution.id == ContributionLine.contribution_id)
            .where(contribution_stands())
            .group_by(Fund.code)
        ).all()
    )


def _credited_by_fund(session: Session) -> Mapping[str, int]:
    original = aliased(Posting, name="original")
    rows = session.execute(
        select(LedgerAccount.code, sum_rial(Entry.amount_rial))
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .join(Posting, Posting.id == Entry.posting_id)
        .outerjoin(original, original.id == Posting.reverses_id)
        .where(
            LedgerAccount.kind == AccountKind.FUND,
            func.coalesce(original.cause, Posting.cause).not_in(_OUTGOING),
        )
        .group_by(LedgerAccount.code)
    )
    return {code.partition(":")[2]: -rial for code, rial in rows}
