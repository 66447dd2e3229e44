"""Saying that two donors are one person, and taking it back: each with a reason."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import TextAreaField

from core.identifiers import masked_mobile
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.merging import (
    REASON_MAX,
    OnePerson,
    donors_of_person,
    merge_donors,
    merge_in,
    undo_merge,
    visible_donor,
)
from flows.donors import described
from offices.granting import Permission
from offices.staff import StaffMember
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person


class MergeForm(SpokenForm):
    """Why two donors are one person, or two again."""

    reason = TextAreaField(Later("Reason"), [at_most(REASON_MAX)])


def merge_donor(donor_id: int, other_id: int) -> ResponseReturnValue:
    """Both donors side by side; the first is who they are read as."""
    who = the_person()
    form = MergeForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                merge_donors(
                    session,
                    who.scope,
                    kept_id=donor_id,
                    merged_id=other_id,
                    reason=form.reason.data or "",
                    merged_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except OnePerson:  # the form was sent twice, or somebody else was faster
            return redirect(url_for("desk.donor", donor_id=donor_id), 303)
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("Both are read as one person from now on."), "success")
            return redirect(url_for("desk.donor", donor_id=donor_id), 303)
    with current.database.reading() as session:
        pair = [visible_donor(session, who.scope, id_) for id_ in (donor_id, other_id)]
        page = render_template(
            "desk/donors/merge.html",
            pair=[(row, described(session, who.scope, [row.id])[0]) for row in pair],
            is_one=other_id in donors_of_person(session, donor_id),
            form=form,
            may_merge=Permission.MERGE_DONORS in who.permissions,
            masked=masked_mobile,
        )
        return page, 422 if form.errors else 200


def undo_merge_of_donors(merge_id: int) -> ResponseReturnValue:
    """One merge: who, why and by whom; take it back."""
    who = the_person()
    form = MergeForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                fact = undo_merge(
                    session,
                    who.scope,
                    merge_id,
                    reason=form.reason.data or "",
                    undone_by_id=who.staff_member_id,
                    now=current.now(),
                )
                kept_id = fact.kept_id
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("They are two persons again."), "success")
            return redirect(url_for("desk.donor", donor_id=kept_id), 303)
    with current.database.reading() as session:
        fact = merge_in(session, who.scope, merge_id)
        page = render_template(
            "desk/donors/merge_undo.html",
            fact=fact,
            merged_by=session.get_one(StaffMember, fact.merged_by_id).name,
            undone_by=session.get_one(StaffMember, fact.undo.undone_by_id).name
            if fact.undo
            else "",
            form=form,
            may_merge=Permission.MERGE_DONORS in who.permissions,
            masked=masked_mobile,
        )
        return page, 422 if form.errors else 200
