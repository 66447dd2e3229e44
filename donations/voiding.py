"""Voiding an entry: one person asks with a reason, another decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.in_scope import contribution_in, void_requests_in
from donations.models.contribution import Contribution, ContributionReversal, Origin
from donations.models.desk import Decision, VoidRequest
from offices.audit import note
from offices.scope import Scope

REASON_MAX = 500
WAITS_FOR = timedelta(hours=72)  # so long can a second person decide


class AlreadyVoid(Refusal):
    """The entry was voided before."""

    code = "void.already_void"


class VoidAlreadyAsked(Refusal):
    """Somebody asked for this already, and nobody has decided yet."""

    code = "void.already_asked"


class ReasonMissing(Refusal):
    """A void without a reason, or with one that is too long."""

    code = "void.reason_missing"
    http_status = 422
    field = "reason"


class SecondPersonNeeded(Refusal):
    """Whoever asked for a void cannot decide on it."""

    code = "void.second_person_needed"
    http_status = 403


class AlreadyDecided(Refusal):
    """Somebody else was quicker: the request is approved or declined."""

    code = "void.already_decided"


class RequestExpired(Refusal):
    """Nobody decided in time; whoever still wants it asks again."""

    code = "void.request_expired"


class PaidOnline(Refusal):
    """The bank has the money of an online payment: no paper of ours gives it back."""

    code = "void.paid_online"


class DepositMatched(Refusal):
    """An identified deposit lies on the account as long as its match stands."""

    code = "void.deposit_matched"


def ask_for_void(
    session: Session,
    scope: Scope,
    contribution_id: int,
    *,
    reason: str,
    asked_by_id: int,
    now: datetime,
) -> VoidRequest:
    """Ask that a contribution be voided; nothing changes until another person approves.

    Raises NotFound, ReasonMissing, AlreadyVoid, VoidAlreadyAsked, PaidOnline, DepositMatched.
    """
    contribution = contribution_in(session, scope, contribution_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    if _is_void(session, contribution.id):
        raise AlreadyVoid
    refuse_foreign_money(contribution)
    _give_up_or_refuse(_open_request(session, contribution.id), now=now)
    request = VoidRequest(
        contribution_id=contribution.id,
        reason=reason,
        asked_by_id=asked_by_id,
        asked_at=now,
        expires_at=now + WAITS_FOR,
    )
    session.flush()  # the earlier request first: one waits at a time, also for the database
    session.add(request)
    session.flush()
    _note(session, "void.ask", request, asked_by_id, now)
    return request


def refuse_foreign_money(contribution: Contribution) -> None:
    """Let only what a desk took be voided here. Raises PaidOnline, DepositMatched.

    Reversing money that the bank holds would take it out of the books while it is still there.
    """
    if contribution.origin is Origin.GATEWAY:
        raise PaidOnline
    if contribution.origin is Origin.DEPOSIT:
        raise DepositMatched  # undoing its match reverses the contribution as well


def open_void_requests(
    session: Session, scope: Scope, *, now: datetime, limit: int = 100
) -> Sequence[VoidRequest]:
    """What waits for a decision within a scope, oldest first; what has expired does not."""
    return session.scalars(
        void_requests_in(scope)
        .where(VoidRequest.decision.is_(None), VoidRequest.expires_at > now)
        .order_by(VoidRequest.id)
        .limit(limit)
    ).all()


def decide_on_void(
    session: Session,
    scope: Scope,
    request_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> VoidRequest:
    """Write down what a second person decided; the reversal itself is the caller's.

    Raises NotFound, SecondPersonNeeded, AlreadyDecided, RequestExpired. Of two deciders one is too
    late.
    """
    request = session.scalars(
        void_requests_in(scope).where(VoidRequest.id == request_id)
    ).one_or_none()
    if request is None:
        raise NotFound(subject="void_request")
    if request.asked_by_id == decided_by_id:
        raise SecondPersonNeeded
    if request.decision is None and (request.expired_at or request.expires_at <= now):
        raise RequestExpired
    decided = session.execute(
        update(VoidRequest)
        .where(
            VoidRequest.id == request_id,
            VoidRequest.decision.is_(None),
            VoidRequest.expired_at.is_(None),
        )
        .values(decision=decision, decided_by_id=decided_by_id, decided_at=now)
        .returning(VoidRequest.id)
        .execution_options(synchronize_session=False)
    ).first()
    if decided is None:
        raise AlreadyDecided
    session.refresh(request)
    _note(
        session,
        f"void.{'approve' if decision is Decision.APPROVED else 'decline'}",
        request,
        decided_by_id,
        now,
    )
    return request


def _is_void(session: Session, contribution_id: int) -> bool:
    found = select(ContributionReversal.id).where(
        ContributionReversal.contribution_id == contribution_id
    )
    return session.scalars(found).first() is not None


def _open_request(session: Session, contribution_id: int) -> VoidRequest | None:
    # The contribution is locked, so that two persons cannot ask at the same moment.
    session.get_one(Contribution, contribution_id, with_for_update={"key_share": True})
    return session.scalars(
        select(VoidRequest).where(
            VoidRequest.contribution_id == contribution_id,
            VoidRequest.decision.is_(None),
            VoidRequest.expired_at.is_(None),
        )
    ).first()


def _give_up_or_refuse(earlier: VoidRequest | None, *, now: datetime) -> None:
    """Let an earlier request that nobody decided on in time wait no more."""
    if earlier is None:
        return
    if earlier.expires_at > now:
        raise VoidAlreadyAsked
    earlier.expired_at = now


def _note(
    session: Session, action: str, request: VoidRequest, actor_id: int, now: datetime
) -> None:
    note(
        session,
        action,
        subject="contribution",
        subject_id=request.contribution_id,
        now=now,
        actor_id=actor_id,
        void_request_id=request.id,
    )
