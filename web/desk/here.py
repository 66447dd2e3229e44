"""The desk that somebody works at, and what every desk page needs to know."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import NotFound
from core.words import spoken
from donations.models.fund import Fund
from offices.places import Office
from web.sign_in.guard import SignedIn


def own_office(session: Session, who: SignedIn) -> Office:
    """The office at which somebody records gifts. Raises NotFound where they may not."""
    if not who.scope.covers(who.office_id):
        raise NotFound(subject="office")
    return session.get_one(Office, who.office_id)


def named(row: Office | Fund) -> str:
    """The name of an office or fund, in the language of the page."""
    return row.name_en if spoken() == "en" else row.name_fa


def fund_choices(session: Session) -> dict[str, dict[str, str]]:
    """Every open purpose, the sub-services under the service they belong to."""
    funds = session.scalars(select(Fund).where(Fund.is_open).order_by(Fund.id)).all()
    by_parent: dict[int | None, list[Fund]] = {}
    for fund in funds:
        by_parent.setdefault(fund.parent_id, []).append(fund)
    groups: dict[str, dict[str, str]] = {}
    for top in by_parent.get(None, []):
        below = by_parent.get(top.id, [])
        groups[named(top)] = {fund.code: named(fund) for fund in (top, *below)}
    return groups
