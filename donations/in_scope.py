"""What a member of staff may see of what was given: every staff query on gifts starts here."""

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from core.portable import unindexed
from core.refusals import NotFound
from donations.models.contribution import Contribution
from donations.models.desk import DepositSlip, VoidRequest
from donations.models.pledge import Pledge
from offices.scope import Scope


def pledges_in(scope: Scope) -> Select[Pledge]:
    """The pledges made at, for, or received by the offices of a scope."""
    received = exists().where(
        Contribution.pledge_id == Pledge.id, scope.narrow(Contribution.office_id)
    )
    return select(Pledge).where(or_(scope.narrow(Pledge.office_id), received))


def contributions_in(scope: Scope) -> Select[Contribution]:
    """The contributions received at, or for, the offices of a scope."""
    return select(Contribution).where(scope.narrow(Contribution.office_id))


def contributions_led_to(scope: Scope) -> Select[Contribution]:
    """The same, where something else leads to a few of them: no index of offices is walked."""
    return select(Contribution).where(scope.narrow(unindexed(Contribution.office_id)))


def slips_in(scope: Scope) -> Select[DepositSlip]:
    """The deposit slips of the desks of a scope."""
    return select(DepositSlip).where(scope.narrow(DepositSlip.office_id))


def void_requests_in(scope: Scope) -> Select[VoidRequest]:
    """The void requests on contributions of a scope."""
    return (
        select(VoidRequest)
        .join(Contribution, Contribution.id == VoidRequest.contribution_id)
        .where(scope.narrow(Contribution.office_id))
    )


def contribution_in(session: Session, scope: Scope, contribution_id: int) -> Contribution:
    """One contribution. Raises NotFound for one outside, exactly as for one that never was."""
    found = session.scalars(
        contributions_in(scope).where(Contribution.id == contribution_id)
    ).one_or_none()
    if found is None:
        raise NotFound(subject="contribution")
    return found
