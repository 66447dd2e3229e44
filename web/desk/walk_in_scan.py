"""Where a scanned number leads: a scanner is a keyboard that types digits, on whatever page."""

import re

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.digits import digits_only
from core.identifiers import is_deposit_id, is_tracking_code
from donations.custody.in_scope import boxes_in
from donations.in_scope import pledges_in, slips_in
from donations.models.charity_box import CharityBox
from donations.models.desk import DepositSlip
from donations.models.pledge import Pledge
from flows.entries import latest_entries
from offices.scope import Scope
from receipts.life.numbering import number_text
from web.services import current
from web.sign_in.guard import the_person

_TYPED_MAX = 40
_RECEIPT = re.compile(r"(1[34][0-9]{2})([0-9]{2,3})([0-9]{6})")  # the number without its slashes


def scan() -> ResponseReturnValue:
    """Go to what the digits name; what names nothing here is searched for among the entries."""
    code = digits_only(request.args.get("code", "")[:_TYPED_MAX]) or ""
    if not code:
        return render_template("desk/receive_form.html", typed="", error="")
    with current.database.reading() as session:
        found = _address(session, the_person().scope, code)
    return redirect(found or url_for("desk.entries", q=code), 303)


def _address(session: Session, scope: Scope, code: str) -> str | None:
    if is_tracking_code(code):
        return url_for("desk.receive", tracking_code=code)
    if is_deposit_id(code):
        return _of_deposit_id(session, scope, code)
    if (written := _RECEIPT.fullmatch(code)) is not None:
        year, desk, serial = written.groups()
        number = number_text(int(year), desk, int(serial))
        for entry in latest_entries(session, scope, search=number, limit=1):
            return url_for("desk.entry", tracking_code=entry.pledge.tracking_code)
    box = session.scalars(boxes_in(scope).where(CharityBox.number == code)).one_or_none()
    return url_for("desk.charity_box", box_id=box.id) if box is not None else None


def _of_deposit_id(session: Session, scope: Scope, code: str) -> str | None:
    pledge = select(Pledge.tracking_code).where(
        Pledge.id.in_(pledges_in(scope).with_only_columns(Pledge.id)), Pledge.deposit_id == code
    )
    if (tracking_code := session.scalars(pledge).first()) is not None:
        return url_for("desk.entry", tracking_code=tracking_code)
    slip = session.scalars(slips_in(scope).where(DepositSlip.deposit_id == code)).first()
    return url_for("desk.slip", slip_id=slip.id) if slip is not None else None
