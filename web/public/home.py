"""The ways to give, and how everything works."""

from collections.abc import Sequence

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from offices.places import ONLINE_OFFICE_CODE, Office, Province
from receipts.documents.organisation import SERVICE_ID
from web.public.account import deposit_account
from web.public.choices import name_of
from web.services import current

# Where people complain about an office of the organisation or the ministry (requirements J1).
_COMPLAINTS = ("zrm.mcls.gov.ir", "request.behzisti.net")


def home() -> ResponseReturnValue:
    """The ways to give: online, with a deposit id, at a desk, with goods, with hours."""
    with current.database.reading() as session:
        account = deposit_account(session)
        desks = _desks(session)
    return render_template("public/home.html", account=account, desks=desks)


def help_page() -> ResponseReturnValue:
    """How giving works, what is promised, and where to complain."""
    return render_template(
        "public/help.html",
        help_line=current.settings.help_line,
        complaints=_COMPLAINTS,
        service_id=SERVICE_ID,
    )


def _desks(session: Session) -> Sequence[tuple[str, Sequence[str]]]:
    """The open desks by province, in the order of the provinces."""
    rows = session.execute(
        select(Province, Office)
        .join(Office, Office.province_id == Province.id)
        .where(Office.is_open, Office.code != ONLINE_OFFICE_CODE)
        .order_by(Province.code, Office.code)
    )
    desks: dict[str, list[str]] = {}
    for province, office in rows:
        desks.setdefault(name_of(province), []).append(name_of(office))
    return list(desks.items())
