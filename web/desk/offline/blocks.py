"""The number blocks of the desks: a manager allots them, sees what is left, and closes them."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from offices.granting import Permission
from offices.places import ONLINE_OFFICE_CODE, Office, OfficeKind
from offices.scope import Scope
from receipts.life.blocks import (
    allot_block,
    block_in,
    blocks_with_standing,
    close_block,
)
from receipts.life.number_blocks import SIZE_MAX
from receipts.life.spending import REASON_MAX
from web.desk.here import named
from web.fields import CountField, SpokenForm, at_most
from web.filters import digits
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_KEY_MAX = 40
_USUAL_SIZE = 100


class AllotForm(SpokenForm):
    """How many numbers which desk gets."""

    office = SelectField(Later("Desk"))
    size = CountField(Later("How many numbers"), [InputRequired(Later("Write how many numbers."))])
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


class CloseForm(SpokenForm):
    """Why a block is closed, and that no entry with a number of it waits any more."""

    reason = StringField(
        Later("Reason"), [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)]
    )
    nothing_waits = BooleanField(
        Later("No entry waits in the browser that holds this block"),
        [
            InputRequired(
                Later("Look at that browser first: what waits there loses its number with this.")
            )
        ],
    )


def number_blocks() -> ResponseReturnValue:
    """The blocks of the offices one may see, open ones first."""
    who = the_person()
    with current.database.reading() as session:
        return render_template(
            "desk/offline/blocks.html",
            rows=blocks_with_standing(session, who.scope),
            named=named,
            may_decide=Permission.APPROVE_VOIDS in who.permissions,
            may_work=Permission.WORK_AT_DESK in who.permissions,
        )


def allot_numbers() -> ResponseReturnValue:
    """Give a desk a block of numbers."""
    form, who = AllotForm(request.form), the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    form.office.choices = _desks(who.scope)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                allot_block(
                    session,
                    who.scope,
                    office_id=int(form.office.data),
                    size=form.size.value or 0,
                    allotted_by_id=who.staff_member_id,
                    request_key=form.request_key.data,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "size", refusal)
        else:
            flash(_("The block is allotted. A browser of the desk can take it now."), "success")
            return redirect(url_for("desk.number_blocks"), 303)
    if request.method == "GET":
        form.office.data, form.size.data = str(who.office_id), digits(_USUAL_SIZE)
    page = render_template("desk/offline/allot.html", form=form, most=SIZE_MAX)
    return page, 422 if form.errors else 200


def close_numbers(block_id: int) -> ResponseReturnValue:
    """Close a block; what is unused of it is void from then on."""
    form, who = CloseForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                unused = close_block(
                    session,
                    who.scope,
                    block_id,
                    reason=form.reason.data or "",
                    closed_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            text = _("The block is closed; %(count)s unused numbers are void.")
            flash(text % {"count": digits(unused)}, "success")
            return redirect(url_for("desk.number_blocks"), 303)
    with current.database.reading() as session:
        block = block_in(session, who.scope, block_id)
        page = render_template(
            "desk/offline/close.html", block=block, office=named(block.office), form=form
        )
        return page, 422 if form.errors else 200


def _desks(scope: Scope) -> list[tuple[str, str]]:
    with current.database.reading() as session:
        rows = session.scalars(
            select(Office)
            .where(
                scope.narrow(Office.id),
                Office.is_open,
                Office.kind != OfficeKind.HEADQUARTERS,
                Office.code != ONLINE_OFFICE_CODE,
            )
            .order_by(Office.code)
        )
        return [(str(row.id), named(row)) for row in rows]
