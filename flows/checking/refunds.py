"""Proofs about money that was sent back: who agreed, what is booked, what has left the account."""

from collections.abc import Iterator

from sqlalchemy import (
    ColumnElement,
    Exists,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.words import _
from donations.models.contribution import Contribution, ContributionReversal, Origin
from donations.models.desk import Decision
from donations.models.payment import Payment, PaymentState
from donations.models.refund import (
    Ending,
    OpenRefund,
    RefundDecision,
    RefundEnd,
    RefundRequest,
    Way,
)
from flows.checking.exact import exact_sum
from flows.checking.statements import match_stands
from ledger.accounts import AccountKind, LedgerAccount, account_code
from ledger.postings import Cause, Entry, Posting, balance_rial
from reconciliation.matches import Target, has_target

_S = PaymentState
_UNDER_WAY = (_S.REVERSING, _S.REVERSE_UNKNOWN, _S.REFUND_REQUESTED, _S.REFUND_UNKNOWN)


def came_rial() -> ColumnElement[int]:
    """What a payment brought: what the bank took, which a refund of a mismatch has found out."""
    sent_back = (
        select(RefundRequest.amount_rial)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(RefundEnd.payment_id == Payment.id, RefundEnd.ending == Ending.DONE)
        .correlate(Payment)
        .scalar_subquery()
    )
    return func.coalesce(sent_back, Payment.amount_rial)


def requests_not_as_decided(session: Session) -> Iterator[str]:
    """Requests that nobody else agreed to and that went on, or that are lost on their way.

    Open is what nobody decided on or what was approved and has not ended; nothing else.
    """
    decision, end, under_way = RefundDecision, RefundEnd, OpenRefund
    is_approved = decision.decision == Decision.APPROVED
    wrong = or_(
        and_(end.id.is_not(None), or_(decision.id.is_(None), ~is_approved), _was_not_overtaken()),
        decision.asked_by_id == decision.decided_by_id,
        decision.asked_by_id != RefundRequest.asked_by_id,
        # What is open, and what is not.
        and_(under_way.payment_id.is_not(None), or_(end.id.is_not(None), ~_may_be_open())),
        and_(under_way.payment_id.is_(None), end.id.is_(None), _may_be_open()),
        and_(under_way.state_before.is_not(None), decision.id.is_(None)),
        and_(under_way.state_before.is_(None), is_approved, end.id.is_(None)),
    )
    query = (
        select(RefundRequest.id)
        .outerjoin(decision, decision.request_id == RefundRequest.id)
        .outerjoin(end, end.request_id == RefundRequest.id)
        .outerjoin(under_way, under_way.request_id == RefundRequest.id)
        .where(wrong)
        .order_by(RefundRequest.id)
    )
    for request_id in session.scalars(query):
        yield _("refund request {id} is not as it was decided").format(id=request_id)
    numbered_twice = (
        select(RefundRequest.id)
        .join(
            Payment,
            and_(
                Payment.gateway == RefundRequest.gateway,
                Payment.order_number == RefundRequest.number,
            ),
        )
        .order_by(RefundRequest.id)
    )
    for request_id in session.scalars(numbered_twice):
        yield _("refund request {id} has the number of an order").format(id=request_id)


def payments_not_sent_back(session: Session) -> Iterator[str]:
    """Payments whose state, request, posting and contribution do not say the same."""
    done = _ended(RefundRequest.way != Way.REVERSE)
    undone = _ended(RefundRequest.way == Way.REVERSE)
    is_under_way = exists().where(
        OpenRefund.payment_id == Payment.id, OpenRefund.state_before.is_not(None)
    )
    is_gone = Payment.state.in_((_S.REVERSED, _S.REFUNDED))
    stands = exists().where(
        Contribution.origin == Origin.GATEWAY,
        Contribution.cause_id == Payment.id,
        ~exists().where(ContributionReversal.contribution_id == Contribution.id),
    )
    reversed_ = exists().where(
        Contribution.origin == Origin.GATEWAY,
        Contribution.cause_id == Payment.id,
        ContributionReversal.contribution_id == Contribution.id,
    )
    wrong = or_(
        _differ(done, Payment.state == _S.REFUNDED),
        and_(undone, Payment.state != _S.REVERSED),
        _differ(is_under_way, Payment.state.in_(_UNDER_WAY)),
        and_(is_gone, stands),
        and_(~is_gone, reversed_),
    )
    for payment_id in session.scalars(select(Payment.id).where(wrong).order_by(Payment.id)):
        yield _("payment {id} and what was sent back of it differ").format(id=payment_id)
    for request_id in session.scalars(_wrongly_posted()):
        yield _("refund request {id} and its posting differ").format(id=request_id)
    for posting_id in session.scalars(_posted_for_nothing()):
        yield _("posting {id} is of a refund that was not done").format(id=posting_id)


def refund_differences(session: Session) -> Iterator[str]:
    """Whether the account of refunds holds what was sent back and has not left the bank yet."""
    held_rial = -balance_rial(session, account_code(AccountKind.REFUNDS))
    seen = exists().where(has_target(Target.REFUND, RefundRequest.id), match_stands())
    sent_rial = session.scalars(
        select(sum_rial(RefundRequest.amount_rial))
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(RefundEnd.ending == Ending.DONE, RefundRequest.way != Way.REVERSE, ~seen)
    ).one()
    if held_rial != sent_rial:
        yield _("refunds under way sum to {sent} rials, the account holds {held}").format(
            sent=sent_rial, held=held_rial
        )


def _may_be_open() -> ColumnElement[bool]:
    return or_(
        RefundDecision.id.is_(None),
        RefundDecision.decision == Decision.APPROVED,
    )


def _was_not_overtaken() -> ColumnElement[bool]:
    return RefundEnd.ending != Ending.OVERTAKEN


def _ended(way: ColumnElement[bool]) -> Exists:
    """Whether money of a payment was sent back in such a way."""
    return exists().where(
        RefundEnd.payment_id == Payment.id,
        RefundEnd.ending == Ending.DONE,
        RefundRequest.id == RefundEnd.request_id,
        way,
    )


def _differ(one: ColumnElement[bool], other: ColumnElement[bool]) -> ColumnElement[bool]:
    return case((one, 1), else_=0) != case((other, 1), else_=0)


def _wrongly_posted() -> Select[int]:
    """Refunds that were done and are not posted as a credit of ``refunds``, once and whole."""
    credited = (
        select(func.coalesce(-exact_sum(Entry.amount_rial), 0))
        .join(Posting, Posting.id == Entry.posting_id)
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .where(
            Posting.cause == Cause.REFUND,
            Posting.cause_id == RefundRequest.id,
            LedgerAccount.kind == AccountKind.REFUNDS,
        )
        .correlate(RefundRequest)
        .scalar_subquery()
    )
    return (
        select(RefundRequest.id)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(
            RefundEnd.ending == Ending.DONE,
            RefundRequest.way != Way.REVERSE,
            credited != RefundRequest.amount_rial,
        )
        .order_by(RefundRequest.id)
    )


def _posted_for_nothing() -> Select[int]:
    done = exists().where(
        RefundEnd.request_id == Posting.cause_id,
        RefundEnd.ending == literal(Ending.DONE, RefundEnd.ending.type),
        RefundRequest.id == RefundEnd.request_id,
        RefundRequest.way != Way.REVERSE,
    )
    return select(Posting.id).where(Posting.cause == Cause.REFUND, ~done).order_by(Posting.id)
