"""Collection rounds: opened for boxes and two collectors, then told, remarked on and shown."""

import secrets
from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from core.digits import to_persian
from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.custody.boxes import SEAL_MAX, boxes_to_empty
from donations.custody.counting import counts_of_round, open_count
from donations.custody.in_scope import round_in
from donations.custody.rounds import (
    NAME_MAX,
    Collector,
    Found,
    amounts_of,
    findings_of,
    latest_rounds,
    remarks_of,
)
from donations.models.collection_round import CollectionRound, Condition
from donations.voiding import REASON_MAX
from flows.collecting import cancel_round, open_round, remark, tell_findings
from flows.emptyings import gifts_of_round, ways_of_rounds
from offices.granting import Permission
from offices.staff import StaffMember
from web.desk.here import named, own_office
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_PAGE = 50
_KEY_MAX = 40
CONDITIONS: Mapping[Condition, Later] = {
    Condition.INTACT: Later("seal intact"),
    Condition.BROKEN: Later("seal broken"),
    Condition.MISSING: Later("box missing"),
    Condition.LEFT: Later("not collected"),
}


class RoundForm(SpokenForm):
    """Which boxes are emptied, and by which two persons."""

    boxes = SelectMultipleField(
        Later("Boxes"), coerce=int, widget=ListWidget(), option_widget=CheckboxInput()
    )
    first_staff = SelectField(Later("First collector"), coerce=int)
    first_name = StringField(Later("Name of the first collector"), [at_most(NAME_MAX)])
    second_staff = SelectField(Later("Second collector"), coerce=int)
    second_name = StringField(Later("Name of the second collector"), [at_most(NAME_MAX)])
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])

    @property
    def collectors(self) -> tuple[Collector, Collector]:
        """The two, of the staff or by name."""
        first, second = (
            Collector(name.data or "", staff.data or None)
            for name, staff in (
                (self.first_name, self.first_staff),
                (self.second_name, self.second_staff),
            )
        )
        return first, second


class RemarkForm(SpokenForm):
    """What a collector says of a round."""

    place = SelectField(Later("Collector"), coerce=int)
    remark = StringField(Later("Remark"), [at_most(REASON_MAX)])


class CancelForm(SpokenForm):
    """Why a round comes to nothing."""

    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)]
    )


def rounds() -> ResponseReturnValue:
    """The rounds one may see, newest first."""
    who = the_person()
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        rows = latest_rounds(session, who.scope, before_id=before_id, limit=_PAGE + 1)
        older = url_for("desk.rounds", before=rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
        shown = rows[:_PAGE]
        return render_template(
            "desk/cash/rounds.html",
            rows=shown,
            ways=ways_of_rounds(session, [row.id for row in shown]),
            named=named,
            is_at_desk=Permission.WORK_AT_DESK in who.permissions,
            older_url=older,
        )


def new_round() -> ResponseReturnValue:
    """Send two persons out for boxes of the own office."""
    form, who = RoundForm(request.form), the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    with current.database.reading() as session:
        office = own_office(session, who)
        _choices(session, form, office.id)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                opened = open_round(
                    session,
                    office.id,
                    form.boxes.data or [],
                    form.collectors,
                    opened_by_id=who.staff_member_id,
                    request_key=form.request_key.data,
                    now=current.now(),
                )
                round_id = opened.id
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "boxes", refusal)
        else:
            return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    return render_template("desk/cash/new_round.html", form=form), 422 if form.errors else 200


def collection_round(round_id: int) -> ResponseReturnValue:
    """One round: its boxes as found and counted, its remarks, the gifts it became, the slip."""
    who = the_person()
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        counts = counts_of_round(session, round_id)
        latest = counts[0] if counts else None
        return render_template(
            "desk/cash/round.html",
            round=found,
            office=named(found.office),
            conditions=CONDITIONS,
            findings=findings_of(session, found),
            remarks=remarks_of(session, round_id),
            count=latest,
            amounts=amounts_of(session, latest) if latest else {},
            waiting=open_count(counts) if found.closing is None else None,
            people=_people(session, found),
            gifts=gifts_of_round(session, who.scope, round_id),
            way_on=ways_of_rounds(session, [round_id])[round_id],
            is_at_desk=Permission.WORK_AT_DESK in who.permissions,
        )


def round_cancel(round_id: int) -> ResponseReturnValue:
    """End a round of which nothing was counted, for a reason."""
    form, who = CancelForm(request.form), the_person()
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        boxes = [row.box for row in found.boxes]  # read while there is a session
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                cancel_round(
                    session,
                    who.scope,
                    round_id,
                    form.reason.data or "",
                    cancelled_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The round is cancelled; its boxes stay where they are."), "success")
            return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    page = render_template("desk/cash/round_cancel.html", form=form, round=found, boxes=boxes)
    return page, 422 if form.errors else 200


def round_findings(round_id: int) -> ResponseReturnValue:
    """Say of each box how it was found, and the number read on its seal."""
    who = the_person()
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        boxes = [(row.id, row.box.number, row.seal_number) for row in found.boxes]
        known = findings_of(session, found)
    form = _findings_form([row_id for row_id, *_rest in boxes])(
        request.form,
        data={
            name: value
            for row_id, told in known.items()
            for name, value in (
                (f"condition{row_id}", told.condition.value),
                (f"seal{row_id}", _shown(told.seal_number)),
                (f"reason{row_id}", told.reason),
            )
        },
    )
    if request.method == "POST" and form.validate():
        told_now = {
            row_id: Found(
                Condition(form[f"condition{row_id}"].data),
                form[f"seal{row_id}"].data,
                form[f"reason{row_id}"].data or "",
            )
            for row_id, *_rest in boxes
            if form[f"condition{row_id}"].data
        }
        try:
            with current.database.writing() as session:
                tell_findings(
                    session,
                    who.scope,
                    round_id,
                    told_now,
                    told_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "whole", refusal)
        else:
            flash(_("What was found is written down."), "success")
            return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    page = render_template("desk/cash/findings.html", form=form, boxes=boxes, round=found)
    return page, 422 if form.errors else 200


def round_remark(round_id: int) -> ResponseReturnValue:
    """Write down what a collector says; one of the staff says it themselves."""
    form, who = RemarkForm(request.form), the_person()
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        form.place.choices = [(each.place, each.name) for each in found.collectors]
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                remark(
                    session,
                    who.scope,
                    round_id,
                    form.place.data or 0,
                    form.remark.data or "",
                    written_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "remark", refusal)
        else:
            flash(_("The remark is written down."), "success")
            return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    page = render_template("desk/cash/remark.html", form=form, round=found)
    return page, 422 if form.errors else 200


def _choices(session: Session, form: RoundForm, office_id: int) -> None:
    form.boxes.choices = [
        (each.box.id, f"{_shown(each.box.number)} · {each.standing.place}")
        for each in boxes_to_empty(session, office_id)
    ]
    people = session.execute(
        select(StaffMember.id, StaffMember.name)
        .where(StaffMember.office_id == office_id, StaffMember.is_active)
        .order_by(StaffMember.name)
    ).all()
    by_name = SelectChoice(0, Later("somebody else, by name"))
    staff = [by_name, *(SelectChoice(each, name) for each, name in people)]
    form.first_staff.choices = form.second_staff.choices = staff


def _findings_form(row_ids: list[int]) -> type[SpokenForm]:
    conditions = [SelectChoice("", Later("not told yet"))]
    conditions += [SelectChoice(each.value, name) for each, name in CONDITIONS.items()]
    fields: dict[str, object] = {"whole": HiddenField()}
    for row_id in row_ids:
        fields[f"condition{row_id}"] = SelectField(Later("How it was found"), choices=conditions)
        fields[f"seal{row_id}"] = StringField(Later("Number read on the seal"), [at_most(SEAL_MAX)])
        fields[f"reason{row_id}"] = StringField(
            Later("Why it was not collected"), [at_most(REASON_MAX)]
        )
    return type("FindingsForm", (SpokenForm,), fields)


def _people(session: Session, found: CollectionRound) -> Mapping[int, str]:
    """The names of whoever opened, counted and confirmed a round, by id."""
    ids = {found.opened_by_id}
    if found.closing is not None:
        ids.add(found.closing.closed_by_id)
    ids |= {count.counted_by_id for count in counts_of_round(session, found.id)}
    rows = session.execute(select(StaffMember.id, StaffMember.name).where(StaffMember.id.in_(ids)))
    return dict(rows.all())


def _shown(number: str) -> str:
    return number if spoken() == "en" else to_persian(number)
