"""Replacing a receipt that says something wrong: one person asks, another decides.

The contribution stands as it was recorded; only what the receipt prints about it was misspelled.
The old number is void for good, the new one states which it replaces, both in one transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.bulk import single
from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.donor_words import keep_words
from donations.models.contribution import Contribution
from donations.models.desk import Decision
from donations.models.pledge import ItemKind, Pledge, PledgeItem
from donations.pledging import NAME_MAX, TEXT_MAX, name_donor
from donations.voiding import (
    REASON_MAX,
    WAITS_FOR,
    AlreadyDecided,
    AlreadyVoid,
    ReasonMissing,
    RequestExpired,
    SecondPersonNeeded,
    VoidAlreadyAsked,
)
from offices.audit import note
from offices.scope import Scope
from receipts.life.issuing import issue_successor
from receipts.life.replacements import Corrections, ReplacementDecision, ReplacementRequest
from receipts.life.series import Receipt, VoidCause
from receipts.life.voiding import void_receipts


class NothingCorrected(Refusal):
    """A replacement that would say the same again; a lost paper needs a copy instead."""

    code = "replacement.nothing_corrected"
    http_status = 422
    field = "donor_name"


class CorrectionTooLong(Refusal):
    """A corrected text that is longer than a receipt prints."""

    code = "replacement.too_long"
    http_status = 422
    field = "donor_name"


def ask_for_replacement(
    session: Session,
    scope: Scope,
    receipt_id: int,
    corrections: Corrections,
    *,
    reason: str,
    asked_by_id: int,
    now: datetime,
) -> ReplacementRequest:
    """Ask that a receipt be replaced; nothing changes until another person approves in time.

    Raises NotFound, ReasonMissing, NothingCorrected, CorrectionTooLong, AlreadyVoid,
    VoidAlreadyAsked.
    """
    receipt = _receipt_in(session, scope, receipt_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    changed = _what_differs(_pledge_of(session, receipt), corrections)
    # Two persons who ask at the same moment: the second waits here, and then finds the first.
    session.get_one(Receipt, receipt.id, with_for_update={"key_share": True})
    session.refresh(receipt, ["void"])
    if receipt.void is not None:
        raise AlreadyVoid
    waiting = waiting_requests(scope, now=now).where(ReplacementRequest.receipt_id == receipt.id)
    if session.scalars(waiting).first() is not None:
        raise VoidAlreadyAsked
    request = ReplacementRequest(
        receipt_id=receipt.id,
        corrections=changed.to_json(),
        reason=reason,
        asked_by_id=asked_by_id,
        asked_at=now,
        expires_at=now + WAITS_FOR,
    )
    session.add(request)
    session.flush()
    _note(session, "receipt.ask_replacement", request, asked_by_id, now)
    return request


def waiting_requests(scope: Scope, *, now: datetime) -> Select[ReplacementRequest]:
    """What somebody can still decide on within a scope."""
    return (
        _requests_in(scope)
        .outerjoin(ReplacementDecision, ReplacementDecision.request_id == ReplacementRequest.id)
        .where(ReplacementDecision.request_id.is_(None), ReplacementRequest.expires_at > now)
        .order_by(ReplacementRequest.id)
    )


def open_replacements(
    session: Session, scope: Scope, *, now: datetime, limit: int = 100
) -> Sequence[ReplacementRequest]:
    """What waits for a decision within a scope, oldest first."""
    return session.scalars(waiting_requests(scope, now=now).limit(limit)).all()


def replacement_in(session: Session, scope: Scope, request_id: int) -> ReplacementRequest:
    """One request. Raises NotFound for one outside the scope."""
    request = session.scalars(
        _requests_in(scope).where(ReplacementRequest.id == request_id)
    ).one_or_none()
    if request is None:
        raise NotFound(subject="replacement_request")
    return request


def decline_replacement(
    session: Session, scope: Scope, request_id: int, *, decided_by_id: int, now: datetime
) -> None:
    """Let the receipt stand.

    Raises NotFound, SecondPersonNeeded, AlreadyDecided, RequestExpired.
    """
    _decide(session, scope, request_id, Decision.DECLINED, decided_by_id=decided_by_id, now=now)


def approve_replacement(
    session: Session, scope: Scope, request_id: int, *, decided_by_id: int, now: datetime
) -> Receipt:
    """Void the receipt and issue the one that replaces it; returns the new one.

    Raises NotFound, SecondPersonNeeded, AlreadyDecided, RequestExpired, AlreadyVoid.
    """
    request = _decide(
        session, scope, request_id, Decision.APPROVED, decided_by_id=decided_by_id, now=now
    )
    receipt = request.receipt
    session.refresh(receipt, ["void"])
    if receipt.void is not None:
        raise AlreadyVoid
    void_receipts(
        session,
        single(receipt.contribution_id),
        cause=VoidCause.REPLACEMENT,
        reason=request.reason,
        asked_by_id=request.asked_by_id,
        voided_by_id=decided_by_id,
        now=now,
    )
    _correct(session, receipt, Corrections.from_json(request.corrections), now=now)
    successor = issue_successor(session, receipt, now=now)
    session.expire(receipt, ["void", "replaced_by"])
    note(
        session,
        "receipt.replace",
        subject="receipt",
        subject_id=receipt.id,
        now=now,
        actor_id=decided_by_id,
        asked_by_id=request.asked_by_id,
        number=receipt.number,
        replaced_by=successor.number,
    )
    return successor


def item_words(item: PledgeItem) -> str | None:
    """The words of an item that a receipt prints and that may be misspelled; money has none."""
    if item.kind is ItemKind.GOODS:
        return item.description
    return item.skill if item.kind is ItemKind.SERVICE else None


def _decide(
    session: Session,
    scope: Scope,
    request_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> ReplacementRequest:
    request = replacement_in(session, scope, request_id)
    # Of two deciders at once the second waits for the first, and is too late.
    session.get_one(Receipt, request.receipt_id, with_for_update={"key_share": True})
    session.refresh(request, ["decision"])
    if request.decision is not None:
        raise AlreadyDecided
    if request.asked_by_id == decided_by_id:
        raise SecondPersonNeeded
    if request.expires_at <= now:
        raise RequestExpired
    session.add(
        ReplacementDecision(
            request_id=request.id,
            asked_by_id=request.asked_by_id,
            expires_at=request.expires_at,
            decision=decision,
            decided_by_id=decided_by_id,
            decided_at=now,
        )
    )
    session.flush()
    _note(session, f"receipt.replacement_{decision.value}", request, decided_by_id, now)
    return request


def _what_differs(pledge: Pledge, asked: Corrections) -> Corrections:
    """The corrections that correct something. Raises NothingCorrected, CorrectionTooLong."""
    told = pledge.donor.name if pledge.donor else None
    name = normalise(asked.donor_name or "") or None
    items = {
        item.id: words
        for item in pledge.items
        if item_words(item) is not None
        and (words := normalise(asked.items.get(item.id, "")))
        and words != item_words(item)
    }
    for words, longest in (
        (name or "", NAME_MAX),
        *((words, TEXT_MAX) for words in items.values()),
    ):
        if len(words) > longest:
            raise CorrectionTooLong(longest=longest)
    changed = Corrections(name if name != told else None, items)
    if changed == Corrections():
        raise NothingCorrected
    return changed


def _correct(session: Session, receipt: Receipt, said: Corrections, *, now: datetime) -> None:
    """Let our records say it right, so that the next receipt does; older ones are frozen."""
    pledge = _pledge_of(session, receipt)
    if said.donor_name is not None:
        name_donor(pledge, said.donor_name, now=now)
        session.flush()
        received_at = session.get_one(Contribution, receipt.contribution_id).office_id
        for office_id in {pledge.office_id, received_at}:
            keep_words(session, pledge, office_id)
    for item in pledge.items:
        words = said.items.get(item.id)
        if words is not None and item.kind is ItemKind.GOODS:
            item.description = words
        elif words is not None:
            item.skill = words


def _pledge_of(session: Session, receipt: Receipt) -> Pledge:
    contribution = session.get_one(Contribution, receipt.contribution_id)
    return session.get_one(Pledge, contribution.pledge_id)


def _receipt_in(session: Session, scope: Scope, receipt_id: int) -> Receipt:
    receipt = session.scalars(
        select(Receipt)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .where(Receipt.id == receipt_id, scope.narrow(Contribution.office_id))
    ).one_or_none()
    if receipt is None:
        raise NotFound(subject="receipt")
    return receipt


def _requests_in(scope: Scope) -> Select[ReplacementRequest]:
    return (
        select(ReplacementRequest)
        .join(Receipt, Receipt.id == ReplacementRequest.receipt_id)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .where(scope.narrow(Contribution.office_id))
    )


def _note(
    session: Session, action: str, request: ReplacementRequest, actor_id: int, now: datetime
) -> None:
    note(
        session,
        action,
        subject="receipt",
        subject_id=request.receipt_id,
        now=now,
        actor_id=actor_id,
        replacement_request_id=request.id,
    )
