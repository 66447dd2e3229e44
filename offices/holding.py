"""Holding an office: whoever moves its cash, its boxes or its goods does so one after the other."""

from sqlalchemy.orm import Session

from offices.places import Office


def hold_office(session: Session, office_id: int) -> Office:
    """Keep everybody else from moving what lies at this office until the transaction ends.

    Each holds it before they look what is there. Raises NoResultFound.
    """
    return session.get_one(Office, office_id, with_for_update={"key_share": True})
