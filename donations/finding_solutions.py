"""Solving what a bank and we do not agree about: a person says how it was solved, once."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from donations.models.gateway import GatewayFinding, GatewaySolution
from offices.audit import note

NOTE_MAX = 500


class AlreadySolved(Refusal):
    """Somebody has said already how this was solved."""

    code = "finding.already_solved"
    http_status = 409


class SolutionMissing(Refusal):
    """A finding is not solved without saying how."""

    code = "finding.how_missing"
    http_status = 422
    field = "how"


def solve(session: Session, finding_id: int, *, how: str, staff_id: int, now: datetime) -> None:
    """Say how a finding was solved. Raises NotFound, SolutionMissing, AlreadySolved."""
    if session.get(GatewayFinding, finding_id) is None:
        raise NotFound(subject="finding")
    if not 0 < len(how.strip()) <= NOTE_MAX:
        raise SolutionMissing(longest=NOTE_MAX)
    is_solved = select(GatewaySolution.id).where(GatewaySolution.finding_id == finding_id)
    if session.execute(is_solved).first() is not None:
        raise AlreadySolved
    session.add(
        GatewaySolution(
            finding_id=finding_id, note=how.strip(), solved_by_id=staff_id, solved_at=now
        )
    )
    try:
        session.flush()
    except IntegrityError:  # somebody else did at the same moment
        raise AlreadySolved from None
    note(
        session,
        "finding.solve",
        subject="gateway_finding",
        subject_id=finding_id,
        now=now,
        actor_id=staff_id,
    )
