"""What of the custody of cash a member of staff may see: every query on it starts here."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from core.refusals import NotFound
from donations.models.cashier import CashierSession
from donations.models.charity_box import CharityBox
from donations.models.collection_round import CollectionRound
from offices.scope import Scope


def sessions_in(scope: Scope) -> Select[CashierSession]:
    """The cashiers' sessions of the desks of a scope."""
    return select(CashierSession).where(scope.narrow(CashierSession.office_id))


def boxes_in(scope: Scope) -> Select[CharityBox]:
    """The charity boxes of the desks of a scope."""
    return select(CharityBox).where(scope.narrow(CharityBox.office_id))


def rounds_in(scope: Scope) -> Select[CollectionRound]:
    """The collection rounds of the desks of a scope."""
    return select(CollectionRound).where(scope.narrow(CollectionRound.office_id))


def session_in(session: Session, scope: Scope, session_id: int) -> CashierSession:
    """One cashier's session. Raises NotFound for one outside the scope."""
    found = session.scalars(sessions_in(scope).where(CashierSession.id == session_id)).one_or_none()
    if found is None:
        raise NotFound(subject="cashier_session")
    return found


def box_in(session: Session, scope: Scope, box_id: int) -> CharityBox:
    """One box. Raises NotFound for one outside the scope."""
    found = session.scalars(boxes_in(scope).where(CharityBox.id == box_id)).one_or_none()
    if found is None:
        raise NotFound(subject="charity_box")
    return found


def round_in(session: Session, scope: Scope, round_id: int) -> CollectionRound:
    """One round. Raises NotFound for one outside the scope."""
    found = session.scalars(rounds_in(scope).where(CollectionRound.id == round_id)).one_or_none()
    if found is None:
        raise NotFound(subject="collection_round")
    return found
