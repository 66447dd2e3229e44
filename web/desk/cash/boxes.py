"""Charity boxes: the list, registering, one box with its story, moving and sealing, labels."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.custody.boxes import (
    SEAL_MAX,
    TEXT_MAX,
    Placing,
    as_they_are,
    box_with_number,
    boxes_now,
    seals_of,
    standings_of,
)
from donations.custody.in_scope import box_in
from donations.models.charity_box import BoxState
from flows.collecting import add_box, change_seal, place_box
from flows.emptyings import emptyings_of, last_emptyings
from offices.granting import Permission
from web.desk.here import fund_choices, named, own_office
from web.desk.slips import qr_of
from web.fields import MobileField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_PAGE = 100
_KEY_MAX = 40
_NUMBER_MAX = 20


class PlacingForm(SpokenForm):
    """Where a box stands, and who answers for it."""

    place = StringField(
        Later("Place of the box"),
        [InputRequired(Later("Write where the box stands.")), at_most(TEXT_MAX)],
    )
    holder_name = StringField(
        Later("Holder of the box"),
        [InputRequired(Later("Write who answers for the box.")), at_most(TEXT_MAX)],
    )
    holder_mobile = MobileField(Later("Mobile of the holder"))
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])

    @property
    def placing(self) -> Placing:
        """What was typed."""
        return Placing(self.place.data or "", self.holder_name.data or "", self.holder_mobile.value)


class BoxForm(PlacingForm):
    """A new box."""

    fund = SelectField(Later("Purpose"), validate_choice=False)
    seal = StringField(
        Later("Number of the seal"),
        [InputRequired(Later("Write the number of the seal.")), at_most(SEAL_MAX)],
    )


class MoveForm(PlacingForm):
    """Where a box is from now on."""

    state = SelectField(
        Later("State"),
        choices=[
            SelectChoice(BoxState.PLACED, Later("placed")),
            SelectChoice(BoxState.RETURNED, Later("returned")),
        ],
    )


class SealForm(SpokenForm):
    """A seal that is changed outside of a round, and why."""

    seal = StringField(
        Later("Number of the seal"),
        [InputRequired(Later("Write the number of the seal.")), at_most(SEAL_MAX)],
    )
    reason = StringField(Later("Reason"), [at_most(TEXT_MAX)])


def boxes() -> ResponseReturnValue:
    """The boxes one may see, each with its last emptying; a scanned number leads to its box."""
    who = the_person()
    number = request.args.get("number", "")[:_NUMBER_MAX]
    after_id = request.args.get("after", 0, type=int)
    with current.database.reading() as session:
        found = box_with_number(session, who.scope, number) if number else None
        if found is not None:
            return redirect(url_for("desk.charity_box", box_id=found.id), 303)
        rows = boxes_now(session, who.scope, after_id=after_id, limit=_PAGE + 1)
        more = url_for("desk.boxes", after=rows[_PAGE - 1].box.id) if len(rows) > _PAGE else ""
        return render_template(
            "desk/cash/boxes.html",
            rows=rows[:_PAGE],
            emptyings=last_emptyings(session, [row.box.id for row in rows[:_PAGE]]),
            number=number,
            named=named,
            is_at_desk=Permission.WORK_AT_DESK in who.permissions,
            more_url=more,
        )


def new_box() -> ResponseReturnValue:
    """Register a box of the own office."""
    form, who = BoxForm(request.form), the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    with current.database.reading() as session:
        form.fund.choices = fund_choices(session)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                box = add_box(
                    session,
                    own_office(session, who).id,
                    form.placing,
                    fund=form.fund.data or "",
                    seal_number=form.seal.data or "",
                    registered_by_id=who.staff_member_id,
                    request_key=form.request_key.data,
                    now=current.now(),
                )
                box_id = box.id
        except NotFound:
            raise
        except Refusal as refusal:
            _beside(form, refusal)
        else:
            flash(_("The box is registered; print its label."), "success")
            return redirect(url_for("desk.charity_box", box_id=box_id), 303)
    return render_template("desk/cash/new_box.html", form=form), 422 if form.errors else 200


def charity_box(box_id: int) -> ResponseReturnValue:
    """One box: where it stood, its seals, and every emptying with the way its money went."""
    who = the_person()
    with current.database.reading() as session:
        (row,) = as_they_are(session, [box_in(session, who.scope, box_id)])
        return render_template(
            "desk/cash/box.html",
            row=row,
            office=named(row.box.office),
            fund=named(row.box.fund),
            standings=standings_of(session, box_id),
            seals=seals_of(session, box_id),
            emptyings=emptyings_of(session, box_id),
            is_at_desk=Permission.WORK_AT_DESK in who.permissions,
        )


def change_box(box_id: int) -> ResponseReturnValue:
    """Say that a box stands elsewhere or was returned."""
    who = the_person()
    with current.database.reading() as session:
        (row,) = as_they_are(session, [box_in(session, who.scope, box_id)])
    form = MoveForm(request.form, obj=row.standing)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                place_box(
                    session,
                    who.scope,
                    box_id,
                    BoxState(form.state.data),
                    form.placing,
                    told_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            _beside(form, refusal)
        else:
            return redirect(url_for("desk.charity_box", box_id=box_id), 303)
    page = render_template("desk/cash/change_box.html", form=form, box=row.box)
    return page, 422 if form.errors else 200


def seal_box(box_id: int) -> ResponseReturnValue:
    """Seal a box anew, outside of a round."""
    form, who = SealForm(request.form), the_person()
    with current.database.reading() as session:
        (row,) = as_they_are(session, [box_in(session, who.scope, box_id)])
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                change_seal(
                    session,
                    who.scope,
                    box_id,
                    form.seal.data or "",
                    reason=form.reason.data or "",
                    set_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            _beside(form, refusal)
        else:
            return redirect(url_for("desk.charity_box", box_id=box_id), 303)
    page = render_template("desk/cash/seal_box.html", form=form, row=row)
    return page, 422 if form.errors else 200


def box_labels() -> ResponseReturnValue:
    """Labels to print: number, QR code of its digits, office and purpose; of one box or a page."""
    who = the_person()
    box_id = request.args.get("box", type=int)
    with current.database.reading() as session:
        if box_id is not None:
            rows = as_they_are(session, [box_in(session, who.scope, box_id)])
        else:
            rows = boxes_now(session, who.scope, after_id=request.args.get("after", 0, type=int))
        return render_template(
            "desk/cash/labels.html",
            rows=[(row, qr_of(row.box.number, scale=4)) for row in rows],
            named=named,
        )


def _beside(form: SpokenForm, refusal: Refusal) -> None:
    name = str(refusal.details.get("field") or refusal.field or "")
    put_beside(form, name if name in form else next(iter(form)).name, refusal)
