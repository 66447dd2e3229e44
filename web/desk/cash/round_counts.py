"""The count of a round: note by note and box by box, then confirmed by another person."""

import secrets
from collections.abc import Mapping, Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField, StringField

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.custody.boxes import SEAL_MAX
from donations.custody.counting import (
    CountDecided,
    counts_of_round,
    open_count,
)
from donations.custody.denominations import denominations_on
from donations.custody.in_scope import round_in
from donations.custody.rounds import EMPTIED, amounts_of, findings_of, remarks_of
from donations.models.cash_count import Denomination
from donations.models.collection_round import COLLECTORS
from donations.models.desk import Decision
from flows.collecting import Emptied, count_round, decide_on_round
from offices.staff import StaffMember
from web.desk.cash.fields import (
    RialOrNothingField,
    note_fields,
    quantities,
    read_number,
    with_notes,
)
from web.desk.cash.rounds import CONDITIONS
from web.desk.here import named
from web.desk.voids import DecisionForm
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided

_KEY_MAX = 40


def round_count(round_id: int) -> ResponseReturnValue:
    """Count what a round brought; what the boxes held must be what the notes come to."""
    who, now = the_person(), current.now()
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        notes = denominations_on(session, tehran_date(now))
        findings = findings_of(session, found)
        boxes = [
            (row.id, row.box.number, findings[row.id].condition)
            for row in found.boxes
            if row.id in findings
        ]
        is_told = len(boxes) == len(found.boxes)
    emptied = [row_id for row_id, _number, condition in boxes if condition in EMPTIED]
    form = with_notes(_count_form(emptied), notes)(request.form)
    form["request_key"].data = form["request_key"].data or secrets.token_urlsafe(16)
    if request.method == "POST" and form.validate():
        try:
            _counted(form, notes, emptied, round_id)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "whole", refusal)
        else:
            flash(_("The count is written down. Another person has to confirm it."), "success")
            return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    page = render_template(
        "desk/cash/round_count.html",
        form=form,
        fields=note_fields(form, notes),
        notes=notes,
        boxes=boxes,
        emptied=emptied,
        conditions=CONDITIONS,
        is_told=is_told,
        round=found,
    )
    return page, 422 if form.errors else 200


def round_confirm(round_id: int) -> ResponseReturnValue:
    """The count of a round: agree, which closes it, or have it counted again."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, round_id)):
        return redirect(url_for("desk.collection_round", round_id=round_id), 303)
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        count = open_count(counts_of_round(session, round_id))
        findings = findings_of(session, found)
        page = render_template(
            "desk/cash/round_confirm.html",
            round=found,
            office=named(found.office),
            count=count,
            amounts=amounts_of(session, count) if count else {},
            findings=findings,
            conditions=CONDITIONS,
            unsound=sum(not each.is_sound for each in findings.values()),
            has_both_remarks=remarks_of(session, round_id).keys() == set(COLLECTORS),
            counted_by=session.get_one(StaffMember, count.counted_by_id).name if count else "",
            is_mine=count is not None and count.counted_by_id == who.staff_member_id,
            is_open=found.closing is None,
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def _counted(
    form: SpokenForm, notes: Sequence[Denomination], emptied: Sequence[int], round_id: int
) -> None:
    who = the_person()
    with current.database.writing() as session:
        count_round(
            session,
            who.scope,
            round_id,
            quantities(form, notes),
            _emptied(form, emptied),
            counted_by_id=who.staff_member_id,
            request_key=form["request_key"].data,
            now=current.now(),
        )


def _emptied(form: SpokenForm, row_ids: Sequence[int]) -> Mapping[int, Emptied]:
    return {
        row_id: Emptied(read_number(form[f"amount{row_id}"]), form[f"new_seal{row_id}"].data or "")
        for row_id in row_ids
    }


def _decide(who: SignedIn, form: DecisionForm, round_id: int) -> None:
    decision = Decision(form.decision.data or "")
    count_id = _count_shown(who, round_id)
    if decision is Decision.APPROVED:
        demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        decide_on_round(
            session,
            who.scope,
            count_id,
            decision,
            decided_by_id=who.staff_member_id,
            now=current.now(),
        )
    if decision is Decision.APPROVED:
        flash(_("The round is closed; its money lies at the desk."), "success")
    else:
        flash(_("The count was declined; the round has to be counted again."), "success")


def _count_shown(who: SignedIn, round_id: int) -> int:
    """The count that the page showed. Raises CountDecided where another one waits by now."""
    with current.database.reading() as session:
        found = round_in(session, who.scope, round_id)
        count = None if found.closing else open_count(counts_of_round(session, found.id))
        if count is None or request.form.get("about") != str(count.id):
            raise CountDecided
        return count.id


def _count_form(row_ids: Sequence[int]) -> type[SpokenForm]:
    fields: dict[str, object] = {
        "whole": HiddenField(),
        "request_key": HiddenField(validators=[at_most(_KEY_MAX)]),
    }
    for row_id in row_ids:
        fields[f"amount{row_id}"] = RialOrNothingField(Later("Amount of the box in rials"))
        fields[f"new_seal{row_id}"] = StringField(Later("New seal"), [at_most(SEAL_MAX)])
    return type("RoundCountForm", (SpokenForm,), fields)
